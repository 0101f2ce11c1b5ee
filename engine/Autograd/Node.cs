using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Autograd;

/// <summary>
/// A recorded op: where its inputs came from, what it saved, and its gradient rule. A rule is written with
/// differentiable ops, so that a gradient of any order can be taken of it.
/// </summary>
internal abstract class Node : IReleasable
{
    private static long _sequence;

    /// <summary>Grows with time: a node's inputs always have smaller numbers, which orders the backward pass.</summary>
    public long Sequence { get; } = Interlocked.Increment(ref _sequence);

    /// <summary>What was being done when the op was recorded, where somebody watched; else null.</summary>
    public string? Phase { get; } = GraphWatch.Current?.Phase;

    public abstract string Name { get; }

    public Edge[] Inputs { get; protected init; } = [];

    public int OutputCount { get; protected init; } = 1;

    /// <summary>
    /// Vector-Jacobian product: cotangents of the outputs (null = zero) to those of the needed inputs. A rule may add a
    /// cotangent onto the pass's sum for that input itself, and then returns the sum.
    /// </summary>
    public abstract Tensor?[] Apply(Tensor?[] gradOutputs, bool[] needed, BackwardPass pass);

    /// <summary>Drops what was saved.</summary>
    public virtual void Release()
    {
    }
}

/// <summary>The end of the graph at a leaf: adds what arrives to the leaf's <see cref="Tensor.Grad"/>.</summary>
internal sealed class LeafNode(Tensor leaf) : Node
{
    public Tensor Leaf { get; } = leaf;

    public override string Name => Leaf.Name ?? "leaf";

    public override Tensor?[] Apply(Tensor?[] gradOutputs, bool[] needed, BackwardPass pass) => [];
}

/// <summary>Gradient rule of an op: saved tensors and cotangents of the outputs to cotangents of the inputs.</summary>
/// <param name="context">What was saved, and which inputs need a gradient.</param>
/// <param name="gradOutputs">One cotangent an output; null stands for zero (never null for a single output).</param>
internal delegate Tensor?[] GradientRule(GradientContext context, Tensor?[] gradOutputs);

/// <summary>What a gradient rule may look at.</summary>
internal readonly ref struct GradientContext(bool[] needed, Tensor[] saved, Edge[] inputs, BackwardPass pass)
{
    private readonly bool[] _needed = needed;
    private readonly Edge[] _inputs = inputs;
    private readonly BackwardPass _pass = pass;

    /// <summary>The saved tensors, in the order in which they were saved.</summary>
    public readonly Tensor[] Saved = saved;

    /// <summary>Whether this pass wants the input's gradient; an unwanted one is best returned as null.</summary>
    public bool Needs(int input) => _needed[input];

    /// <summary>
    /// The sum of what has already arrived at an input, if the rule may add to it in place: it then returns this tensor
    /// as the input's gradient. Null where there is none yet, where others hold it, or where the pass is recorded.
    /// </summary>
    public Tensor? Sum(int input) => _pass.SumAt(_inputs[input]);
}

/// <summary>The node of an ordinary op.</summary>
internal sealed class OpNode : Node
{
    private readonly GradientRule _rule;
    private readonly SavedTensor[] _saved;
    private readonly CheckpointRegion? _region;
    private bool _released;

    public OpNode(string name, ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor> saved,
        GradientRule rule)
    {
        Name = name;
        _rule = rule;
        Inputs = new Edge[inputs.Length];
        for (var i = 0; i < inputs.Length; i++) Inputs[i] = inputs[i].Edge;
        OutputCount = outputs.Length;
        for (var i = 0; i < outputs.Length; i++) outputs[i].Edge = new Edge(this, i);
        _saved = new SavedTensor[saved.Length];
        for (var i = 0; i < saved.Length; i++) _saved[i] = new SavedTensor(saved[i]);
        _region = CheckpointRegion.Recording;
        _region?.Add(this, outputs, saved);
        MemoryScope.Register(this);
    }

    public override string Name { get; }

    public IReadOnlyList<SavedTensor> SavedTensors => _saved;

    public override Tensor?[] Apply(Tensor?[] gradOutputs, bool[] needed, BackwardPass pass)
    {
        if (_released)
            throw new AutogradException(Name, "its saved tensors were released by an earlier backward pass; "
                + "pass retainGraph: true to go through the graph twice");
        _region?.Restore();
        var saved = new Tensor[_saved.Length];
        for (var i = 0; i < saved.Length; i++) saved[i] = _saved[i].Unpack(Name);
        return _rule(new GradientContext(needed, saved, Inputs, pass), gradOutputs);
    }

    public override void Release()
    {
        if (_released) return;
        _released = true;
        foreach (var s in _saved) s.Release();
        _region?.NoteRelease();
    }
}

/// <summary>
/// A tensor that a node keeps for its gradient: holds the memory by reference count, whatever scope ends.
/// </summary>
internal sealed class SavedTensor
{
    private readonly Shape _shape;
    private readonly DType _dtype;
    private readonly int _offset;
    private readonly Edge _edge;
    private readonly string? _name;
    private int _version;
    private bool _dropped;

    public SavedTensor(Tensor tensor)
    {
        Hold(tensor.Storage);
        _shape = tensor.Shape;
        _dtype = tensor.DType;
        _offset = tensor.Offset;
        _edge = tensor.Edge;
        _name = tensor.Name;
    }

    /// <summary>The memory; null once it was released or dropped.</summary>
    public Storage? Storage { get; private set; }

    public Tensor Unpack(string op)
    {
        var storage = Storage!;
        if (storage.Version != _version)
            throw new AutogradException(op, $"{_name ?? "a tensor"} {_shape}, needed for its gradient, "
                + "was overwritten in place after the forward pass; update weights after Backward()");
        storage.Retain();
        return new Tensor(storage, _shape, _dtype, _offset) { Edge = _edge, Name = _name };
    }

    /// <summary>Lets the memory go until <see cref="Restore"/> brings the same values back.</summary>
    public void Drop()
    {
        Release();
        _dropped = true;
    }

    /// <summary>Takes memory with the values that were dropped; where nobody needs them any more, nothing.</summary>
    public void Restore(Storage storage)
    {
        if (!_dropped) return;
        _dropped = false;
        Hold(storage);
    }

    public void Release()
    {
        _dropped = false;
        if (Storage is not { } storage) return;
        Storage = null;
        storage.Saves--;
        storage.Release();
    }

    private void Hold(Storage storage)
    {
        storage.Retain();
        storage.Saves++;
        (Storage, _version) = (storage, storage.Version);
    }
}
