using AmcEngine.Backends.Kernels;
using AmcEngine.Collectives;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.DataParallel;

/// <summary>
/// Tensors of one element type of which each is one rank's, and how they come to all ranks: an all-gather of parts of
/// different size. Small ones of a rank are packed and go together; large ones go from where they lie to where they
/// lie.
/// </summary>
internal sealed class OwnedTensors
{
    // Beyond that nothing is gained by fewer messages, and packing costs memory and time.
    private const long PackedBytes = 1 << 20;

    private readonly ICommunicator _ranks;
    private readonly Parcel[] _parcels;

    /// <summary>Tensors and their owners, alike on all ranks.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="tensors">The tensors.</param>
    /// <param name="owners">The rank of each.</param>
    public OwnedTensors(ICommunicator ranks, IReadOnlyList<Tensor> tensors, IReadOnlyList<int> owners)
    {
        _ranks = ranks;
        _parcels =
        [
            .. BucketPlan.Of([.. Enumerable.Range(0, tensors.Count)],
                [.. tensors.Select(t => (long)t.Count * t.DType.Size())], [.. owners.Select(o => (int?)o)], PackedBytes)
                .Select(b => new Parcel(b.Owner!.Value, new Packing([.. b.Members.Select(m => tensors[m])]))),
        ];
    }

    /// <summary>Messages of a <see cref="Spread"/>.</summary>
    public int Messages => _parcels.Length;

    /// <summary>Brings each tensor from its owner to all ranks.</summary>
    /// <exception cref="CollectiveException">A rank has failed.</exception>
    public void Spread()
    {
        using var scope = MemoryScope.Begin();
        using var use = CollectiveUse.Begin("weights");
        var sent = Array.ConvertAll(_parcels, Send);
        for (var i = 0; i < sent.Length; i++)
        {
            sent[i].Work.Wait();
            if (_parcels[i].Owner != _ranks.Rank) Unpack(_parcels[i], sent[i].Memory);
        }
    }

    private (Tensor Memory, CollectiveWork Work) Send(Parcel parcel)
    {
        var packing = parcel.Packing;
        if (packing.Tensors is [var alone]) return (alone, _ranks.Broadcast(alone, parcel.Owner));
        var memory = Tensor.Empty([packing.Length], packing.Tensors[0].DType, packing.Tensors[0].Backend);
        for (var i = 0; i < packing.Tensors.Count && parcel.Owner == _ranks.Rank; i++)
        {
            using var place = packing.Place(memory, i);
            memory.Backend.Run(new CopyArgs(packing.Tensors[i], place));
        }
        return (memory, _ranks.Broadcast(memory, parcel.Owner));
    }

    private static void Unpack(Parcel parcel, Tensor memory)
    {
        foreach (var (i, tensor) in parcel.Packing.Tensors.Index())
        {
            if (!ReferenceEquals(tensor, memory))
            {
                using var place = parcel.Packing.Place(memory, i);
                memory.Backend.Run(new CopyArgs(place, tensor));
            }
            tensor.Storage.Touch();
        }
    }

    // Of one rank's tensors, what goes together.
    private sealed record Parcel(int Owner, Packing Packing);
}
