using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>The rows of a stage that are computed at once.</summary>
internal sealed class BatchPart
{
    private readonly IReadOnlyList<StageInput> _inputs;
    private readonly Func<Grounding, Tensor>? _explain;
    private readonly RowRange _range;
    private readonly Tensor?[] _leaves;

    // Whether these are all rows of the stage.
    private readonly bool _hasAll;

    /// <summary>All rows, computed at once.</summary>
    public BatchPart(Layers.ForwardContext context, int rows, IReadOnlyList<StageInput> inputs)
        : this(context, new RowRange(0, rows), inputs, null) => (IsAtOnce, _hasAll) = (true, true);

    /// <summary>Some rows of a stage that is computed at once.</summary>
    public BatchPart(Layers.ForwardContext context, RowRange range, int rows, IReadOnlyList<StageInput> inputs)
        : this(context, range, inputs, null) => (IsAtOnce, _hasAll) = (true, range.Count == rows);

    /// <summary>Some rows of a stage that is computed by parts.</summary>
    public BatchPart(Layers.ForwardContext context, RowRange range, IReadOnlyList<StageInput> inputs,
        Func<Grounding, Tensor>? explain)
    {
        (Context, _range, _inputs, _explain) = (context, range, inputs, explain);
        _leaves = new Tensor?[inputs.Count];
    }

    /// <summary>Whether the stage is recorded as it is computed, as if there were no parts.</summary>
    public bool IsAtOnce { get; }

    /// <summary>Whether inputs wait for gradients.</summary>
    public bool IsRecorded { get; init; }

    /// <summary>Dropout masks of these rows; without a hook.</summary>
    public Layers.ForwardContext Context { get; }

    /// <summary>Number of rows.</summary>
    public int Count => _range.Count;

    /// <summary>Number of the first row.</summary>
    public int First => _range.First;

    /// <summary>What was read of the rows' groundings.</summary>
    public Tensor? Explanation { get; private set; }

    /// <summary>
    /// Reads the rows' groundings, a row each. Computed at once, the batch has a grounding of its own, and nothing is
    /// read here.
    /// </summary>
    public void Explain(Func<Grounding> grounding)
    {
        if (!IsAtOnce) Explanation = _explain!(grounding());
    }

    /// <summary>These rows of an input.</summary>
    public Tensor Input(int number)
    {
        var (tensor, rows) = _inputs[number];
        if (IsAtOnce) return Of(tensor, rows);
        if (_leaves[number] is { } known) return known;
        using var noGrad = NoGrad.Begin();
        var leaf = Of(tensor, rows).Detach();
        return _leaves[number] = IsRecorded ? leaf.SetRequiresGrad() : leaf;
    }

    /// <summary>These rows of a tensor that holds a row for each of the stage, or for those that it names.</summary>
    public Tensor Of(Tensor whole, int[]? rows = null) =>
        rows is not null ? whole.IndexSelect(0, Index(rows, whole)!)
        : _hasAll ? whole : whole.Slice(0, First, First + Count);

    /// <summary>These rows of a mask, likewise.</summary>
    public Text.TextMask Of(Text.TextMask whole, int[]? rows = null) =>
        Index(rows, whole.Keep) is { } index ? whole.Select(index) : whole;

    /// <summary>These rows of keys and values, likewise, that were projected for all of them.</summary>
    public Text.ImageSource Of(Text.ImageSource whole, Tensor tokens, int[]? rows) =>
        Index(rows, tokens) is { } index ? whole.Select(index) : whole;

    /// <summary>These rows of values on the host, so many a row.</summary>
    public int[] Of(int[] whole, int width) => _hasAll ? whole : whole[(First * width)..((First + Count) * width)];

    /// <summary>Adds what has arrived at the inputs to their gradients.</summary>
    public void SendGradients()
    {
        for (var i = 0; i < _leaves.Length; i++)
        {
            if (_leaves[i]?.Grad is not { } gradient) continue;
            var (tensor, rows) = _inputs[i];
            tensor.Grad ??= MemoryScope.Detach(Tensor.Zeros(tensor.Shape, tensor.DType, tensor.Backend));
            if (rows is null)
                gradient.Backend.Run(new AddScaledArgs(gradient, 1, tensor.Grad.Slice(0, First, First + Count)));
            else
                gradient.Backend.Run(new IndexAddArgs(gradient, new AxisView(1, tensor.Shape[0], tensor.Count
                    / tensor.Shape[0]), Index(rows, tensor)!, -1, tensor.Grad, Accumulate: true));
            gradient.Dispose();
            _leaves[i]!.Grad = null;
        }
    }

    // Which rows of a whole tensor these are; null for all in their order.
    private Tensor? Index(int[]? rows, Tensor whole)
    {
        if (_hasAll && rows is null) return null;
        var own = rows is null ? [.. Enumerable.Range(First, Count)] : Of(rows, 1);
        return Tensor.From(own, [own.Length], whole.Backend);
    }
}
