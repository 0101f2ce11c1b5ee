using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Autograd;

/// <summary>
/// Activation checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"): a part of the network
/// keeps its inputs alone, and what its graph has saved is computed again when a backward pass first asks for it. The
/// graph itself stays as it is, node for node, so that gradients of every order have the bits that they have without.
/// </summary>
public static class ActivationCheckpoint
{
    /// <summary>
    /// Runs a part of the network. Where nothing is recorded, or inside of another such part, it is simply run.
    /// </summary>
    /// <param name="inputs">
    /// All tensors that the body uses, other than weights: they are held until the backward pass is done with the part.
    /// </param>
    /// <param name="random">Where the body takes its random streams from, or null.</param>
    /// <param name="body">
    /// Inputs and source of random streams to the result. It runs a second time, with the same streams, up to the last
    /// tensor that is asked for, and must do the same then: it may use no tensor but its inputs and weights, and
    /// change nothing.
    /// </param>
    /// <returns>The body's result, recorded as without a checkpoint.</returns>
    public static Tensor Run(
        ReadOnlySpan<Tensor> inputs, RandomSource? random, Func<Tensor[], RandomSource?, Tensor> body)
    {
        if (!GradMode.Enabled || CheckpointRegion.Recording is not null || CheckpointRegion.Replaying is not null)
            return body([.. inputs], random);
        var region = new CheckpointRegion(inputs, random, body);
        return region.Record(inputs, random);
    }
}

/// <summary>
/// The nodes of one run of <see cref="ActivationCheckpoint.Run"/>, and how to bring back what they have saved.
/// </summary>
internal sealed class CheckpointRegion
{
    private const string Name = "activation_checkpoint";

    [ThreadStatic] private static CheckpointRegion? _recording;
    [ThreadStatic] private static CheckpointRegion? _replaying;
    [ThreadStatic] private static long _births;

    private readonly SavedTensor[] _inputs;
    private readonly RandomSource? _random;
    private readonly Func<Tensor[], RandomSource?, Tensor> _body;
    private readonly long _first = _births + 1;
    private readonly List<OpNode> _nodes = [];

    // Where each block of memory first passes by: at which node, and which of its outputs and then saved tensors it is.
    private readonly Dictionary<long, (int Node, int Place)> _places = [];

    // What was dropped, by the node at which it passes by again.
    private readonly Dictionary<int, List<(int Place, SavedTensor Saved)>> _due = [];

    private int _missing;
    private int _held;
    private int _next;

    public CheckpointRegion(
        ReadOnlySpan<Tensor> inputs, RandomSource? random, Func<Tensor[], RandomSource?, Tensor> body)
    {
        (_random, _body) = (random?.Copy(), body);
        _inputs = new SavedTensor[inputs.Length];
        for (var i = 0; i < inputs.Length; i++) _inputs[i] = new SavedTensor(inputs[i]);
    }

    /// <summary>The region that this thread records now, if any.</summary>
    public static CheckpointRegion? Recording => _recording;

    /// <summary>The region that this thread computes again now, if any.</summary>
    public static CheckpointRegion? Replaying => _replaying;

    /// <summary>Marks memory that a region takes, so that it is told from what the region was given.</summary>
    public static void NoteBirth(Storage storage)
    {
        if (_recording is not null) storage.Birth = ++_births;
    }

    /// <summary>Runs the body and drops what its nodes have saved of its own tensors.</summary>
    public Tensor Record(ReadOnlySpan<Tensor> inputs, RandomSource? random)
    {
        Tensor result;
        _recording = this;
        try
        {
            result = _body([.. inputs], random);
        }
        finally
        {
            _recording = null;
            if (_nodes.Count == 0) ReleaseInputs();
        }
        Drop(result.Storage);
        return result;
    }

    /// <summary>A node was recorded.</summary>
    public void Add(OpNode node, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor> saved)
    {
        var (index, place) = (_nodes.Count, 0);
        _nodes.Add(node);
        _held++;
        foreach (var t in outputs) _places.TryAdd(t.Storage.Birth, (index, place++));
        foreach (var t in saved) _places.TryAdd(t.Storage.Birth, (index, place++));
    }

    /// <summary>Takes what the next node saves when the body runs again; no node is made.</summary>
    /// <exception cref="AutogradException">The body does something else than the first time.</exception>
    public void Take(string op, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor> saved)
    {
        if (_next == _nodes.Count || _nodes[_next].Name != op)
            throw new AutogradException(Name, $"the second run records {op}, the first one did not; "
                + "what is run must do the same each time");
        var node = _nodes[_next];
        for (var i = 0; i < outputs.Length; i++) outputs[i].Edge = new Edge(node, i);
        if (_due.TryGetValue(_next++, out var due))
        {
            foreach (var (place, slot) in due)
                slot.Restore((place < outputs.Length ? outputs[place] : saved[place - outputs.Length]).Storage);
            _missing -= due.Count;
        }
        // Nobody asks for what comes after.
        if (_missing == 0) throw new CompleteException();
    }

    /// <summary>Brings back what was dropped.</summary>
    public void Restore()
    {
        if (_missing == 0) return;
        using var mode = GradMode.Set(true);
        using var scope = MemoryScope.Begin();
        var before = _replaying;
        (_replaying, _next) = (this, 0);
        try
        {
            _body(Array.ConvertAll(_inputs, s => s.Unpack(Name)), _random);
        }
        catch (CompleteException)
        {
            return;
        }
        finally
        {
            _replaying = before;
        }
        throw new AutogradException(Name, "the second run records fewer ops than the first one; "
            + "what is run must do the same each time");
    }

    /// <summary>One of the nodes needs nothing any more.</summary>
    public void NoteRelease()
    {
        if (--_held == 0) ReleaseInputs();
    }

    // The result lives on as the next part's input, so that it costs nothing to keep.
    private void Drop(Storage result)
    {
        foreach (var slot in _nodes.SelectMany(n => n.SavedTensors))
        {
            if (slot.Storage is not { } storage || storage.Birth < _first || ReferenceEquals(storage, result)) continue;
            var (node, place) = _places[storage.Birth];
            if (!_due.TryGetValue(node, out var due)) _due[node] = due = [];
            due.Add((place, slot));
            _missing++;
        }
        foreach (var (_, slot) in _due.Values.SelectMany(d => d)) slot.Drop();
        _places.Clear();
    }

    private void ReleaseInputs()
    {
        foreach (var input in _inputs) input.Release();
    }

    /// <summary>Ends a second run early.</summary>
    private sealed class CompleteException : Exception;
}
