using AmcEngine.Collectives;
using AmcEngine.DataParallel;
using AmcEngine.Tensors;

namespace AmcEngine.Optim;

/// <summary>
/// Who keeps the optimizer's state of which parameter, where each rank of a group keeps a part (Rajbhandari et al.
/// 2020, ZeRO stage 1). A parameter is one rank's as a whole: then its update is the one that a rank alone would
/// compute, to the bit.
/// </summary>
internal sealed class OptimizerShare
{
    private readonly ICommunicator _ranks;
    private readonly int[] _owners;
    private readonly OwnedTensors _tensors;
    private readonly Dictionary<Tensor, int> _ownerOf = new(ReferenceEqualityComparer.Instance);

    /// <summary>Shares parameters out.</summary>
    /// <param name="ranks">The group; all of its ranks name the same parameters in the same order.</param>
    /// <param name="parameters">The parameters.</param>
    public OptimizerShare(ICommunicator ranks, IReadOnlyList<Tensor> parameters)
    {
        _ranks = ranks;
        _owners = Owners([.. parameters.Select(p => (long)p.Count)], ranks.Size);
        _tensors = new OwnedTensors(ranks, parameters, _owners);
        foreach (var (parameter, owner) in parameters.Zip(_owners)) _ownerOf.Add(parameter, owner);
    }

    /// <summary>Who keeps a parameter's state; null where it is none of these parameters.</summary>
    public int? OwnerOf(Tensor parameter) => _ownerOf.TryGetValue(parameter, out var owner) ? owner : null;

    /// <summary>Whether a parameter is this rank's.</summary>
    public bool Owns(int parameter) => _owners[parameter] == _ranks.Rank;

    /// <summary>
    /// The owner of each size: the largest goes first, each to the rank that has least so far, the lower one of two
    /// that have the same.
    /// </summary>
    public static int[] Owners(IReadOnlyList<long> sizes, int ranks)
    {
        var owners = new int[sizes.Count];
        var loads = new long[ranks];
        foreach (var i in Enumerable.Range(0, sizes.Count).OrderByDescending(i => sizes[i]))
        {
            owners[i] = Array.IndexOf(loads, loads.Min());
            loads[owners[i]] += sizes[i];
        }
        return owners;
    }

    /// <summary>Brings each parameter from its owner to all ranks.</summary>
    /// <exception cref="CollectiveException">A rank has failed.</exception>
    public void Spread() => _tensors.Spread();

    /// <summary>Brings a tensor from a parameter's owner to all ranks.</summary>
    /// <param name="parameter">Whose owner.</param>
    /// <param name="tensor">The owner's values, and where the others get them.</param>
    public void Fetch(int parameter, Tensor tensor) => _ranks.Broadcast(tensor, _owners[parameter]).Wait();
}
