using System.Collections.Frozen;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.DataParallel;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model.DataParallel;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>
/// A training pass in stages that either compute all their rows at once, or some rows at a time (the gradient cache of
/// Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", for any number of
/// stages). By parts, a stage keeps its outputs without the graph behind them. Losses that compare all samples read
/// these outputs, so that they are those of the whole batch; <see cref="Backward()"/> then computes each part again,
/// now recorded, and leads the gradients of the outputs back to the inputs and weights. Each row draws the dropout
/// masks that it has in the whole batch, both times. A stage that ends in a sum over its rows, which is minimised as it
/// is, has nothing to wait for: each part is led back as soon as it is computed, and computed once.
/// </summary>
public sealed class BatchStages
{
    private readonly StepOptions _options;
    private readonly Stack<IRecordedStage> _recorded = [];

    // Leaves that stages have read.
    private readonly HashSet<Tensor> _used = new(ReferenceEqualityComparer.Instance);

    /// <summary>Stages of one pass.</summary>
    /// <param name="options">How many rows at a time, random streams, and what is read of groundings.</param>
    /// <exception cref="ModelException">The number of rows is not positive.</exception>
    internal BatchStages(StepOptions options)
    {
        if (options.MicroBatch is < 1)
            throw new ModelException($"micro-batch: {options.MicroBatch} rows at a time; compute at least 1");
        _options = options;
    }

    /// <summary>Whether stages compute some rows at a time.</summary>
    public bool ByParts => _options.MicroBatch is not null;

    /// <summary>
    /// Whether ranks have still to exchange gradients of gathered outputs in this backward pass: as often on each rank.
    /// </summary>
    public bool HasToScatter => _recorded.Any(s => s is Gathered);

    /// <summary>
    /// Runs a stage. Where gradients are being recorded, the outputs by parts are leaves that wait for theirs.
    /// </summary>
    /// <param name="rows">Rows of the stage: samples, or pairs of them.</param>
    /// <param name="inputs">Outputs of earlier stages that the body reads and sends gradients to.</param>
    /// <param name="body">
    /// Computes rows; results have them along their first axis, or are one number a part, of shape [1]. It runs once
    /// more in the backward pass, so it may change nothing.
    /// </param>
    /// <param name="explained">Whether the body hands a grounding to <see cref="BatchPart.Explain"/>.</param>
    /// <param name="endsInLoss">
    /// Whether, by parts, the body's last result is the part's share of a loss of the model, of shape [1], and nothing
    /// else that is minimised hangs on its results.
    /// </param>
    /// <param name="places">
    /// Where the rows stand in the stage of the whole batch, one stretch after the other; null for where the samples
    /// of this rank stand.
    /// </param>
    internal StageOutput Run(int rows, IReadOnlyList<StageInput> inputs, Func<BatchPart, Tensor[]> body,
        bool explained = false, bool endsInLoss = false, RowRange[]? places = null)
    {
        if (_options.MicroBatch is not { } size)
        {
            return new StageOutput(places is null
                ? body(new BatchPart(_options.Context, rows, inputs)) : AtOnce(rows, inputs, body, places), null);
        }
        var start = _options.Random.Of(default);
        var pieces = Pieces(places ?? _options.Share.Places(rows) ?? [new RowRange(0, rows)], size);
        var stage = new Stage(pieces, inputs, explained, part =>
        {
            var results = body(part);
            return part.Explanation is { } explanation ? [.. results, explanation] : results;
        }, place => _options.Context with { Random = start.Of(place) });
        var atOnce = endsInLoss && !explained && _options.MinimizesLosses && GradMode.Enabled;
        var outputs = stage.Compute(_options.Explain, after: _options.Random, atOnce);
        _used.UnionWith(stage.Leaves);
        if (GradMode.Enabled && !atOnce) _recorded.Push(stage);
        return explained ? new StageOutput(outputs[..^1], outputs[^1]) : new StageOutput(outputs, null);
    }

    /// <summary>
    /// The rows of all ranks of an output that later stages read; their gradients are led back to the ranks' outputs.
    /// </summary>
    internal Tensor Gather(Tensor output)
    {
        if (_options.Share.IsWhole || !ByParts || !GradMode.Enabled) return _options.Share.Gather(output);
        var all = _options.Share.GatherConstant(output).SetRequiresGrad();
        _recorded.Push(new Gathered(output, all, (gradient, sum) =>
        {
            var own = gradient.ScatterRows(_options.Share.Ranks);
            sum.Backend.Run(new AddScaledArgs(own, 1, sum));
        }));
        return all;
    }

    /// <summary>
    /// Rows of any ranks of an output that later stages read; their gradients are led back to the ranks' outputs.
    /// </summary>
    internal Tensor Pick(Tensor output, RowPlan plan)
    {
        if (!ByParts || !GradMode.Enabled) return _options.Share.Pick(output, plan);
        Tensor picked;
        using (NoGrad.Begin()) picked = output.PickRows(plan);
        picked.SetRequiresGrad();
        _recorded.Push(new Gathered(output, picked, (gradient, sum) => RankOps.ReturnRows(gradient, plan, sum)));
        return picked;
    }

    /// <summary>
    /// Leads the gradients that a backward pass of the losses has left at the stages' outputs back to the weights:
    /// adds to <see cref="Tensor.Grad"/> as that pass does. Nothing is left to do where all rows were computed at once.
    /// </summary>
    public void Backward() => Lead(null);

    /// <summary>The same from the losses on, and tells of weights to which nothing more comes.</summary>
    /// <param name="loss">A one-element tensor.</param>
    /// <param name="whole">
    /// Told of each weight as soon as its gradient is whole, while passes go on; of some more than once.
    /// </param>
    /// <exception cref="AutogradException">As of <see cref="AutogradEngine.Backward(Tensor, Action{Tensor})"/>.
    /// </exception>
    public void Backward(Tensor loss, Action<Tensor> whole)
    {
        void Tell(Tensor leaf)
        {
            if (!_recorded.Any(s => s.Leaves.Contains(leaf))) whole(leaf);
        }

        loss.Backward(Tell);
        foreach (var leaf in _used) Tell(leaf);
        Lead(Tell);
    }

    // A stage that is led back now is no longer among those that are recorded.
    private void Lead(Action<Tensor>? whole)
    {
        while (_recorded.TryPop(out var stage))
        {
            stage.Backward(_options.Explain, whole);
            if (whole is null) continue;
            foreach (var leaf in stage.Leaves) whole(leaf);
        }
    }

    // Each stretch with the random numbers of its place.
    private Tensor[] AtOnce(
        int rows, IReadOnlyList<StageInput> inputs, Func<BatchPart, Tensor[]> body, RowRange[] places)
    {
        var start = _options.Random.Copy();
        var results = new List<Tensor[]>();
        foreach (var (range, place) in Pieces(places, int.MaxValue))
        {
            var context = _options.Context with { Random = start.Of(place) };
            results.Add(body(new BatchPart(context, range, rows, inputs)));
            _options.Random.Continue(context.Random!);
        }
        return results.Count == 1 ? results[0]
            : [.. results[0].Select((_, k) => Movement.Concat([.. results.Select(r => r[k])], 0))];
    }

    // Which rows are computed at a time, and where they stand in the stage of the whole batch.
    private static (RowRange Range, RowRange Place)[] Pieces(RowRange[] places, int size)
    {
        List<(RowRange, RowRange)> pieces = [];
        var first = 0;
        foreach (var place in places)
        {
            for (var from = 0; from < place.Count; from += Math.Min(size, place.Count - from))
            {
                var count = Math.Min(size, place.Count - from);
                pieces.Add((new RowRange(first + from, count), new RowRange(place.First + from, count)));
            }
            first += place.Count;
        }
        return [.. pieces];
    }

    private interface IRecordedStage
    {
        // What its backward pass may send gradients to.
        IReadOnlySet<Tensor> Leaves { get; }

        void Backward(Func<Grounding, Tensor>? explain, Action<Tensor>? whole);
    }

    // All ranks lead back what they have, zeros where nothing has arrived, so that none waits in vain.
    private sealed class Gathered(Tensor output, Tensor all, Action<Tensor, Tensor> addOwn) : IRecordedStage
    {
        public IReadOnlySet<Tensor> Leaves => FrozenSet<Tensor>.Empty;

        public void Backward(Func<Grounding, Tensor>? explain, Action<Tensor>? whole)
        {
            using var noGrad = NoGrad.Begin();
            using var scope = MemoryScope.Begin();
            var gradient = all.Grad ?? Tensor.Zeros(all.Shape, all.DType, all.Backend);
            output.Grad ??= MemoryScope.Detach(Tensor.Zeros(output.Shape, output.DType, output.Backend));
            addOwn(gradient, output.Grad);
            all.Grad?.Dispose();
            all.Grad = null;
        }
    }

    private sealed class Stage((RowRange Range, RowRange Place)[] pieces, IReadOnlyList<StageInput> inputs,
        bool explained, Func<BatchPart, Tensor[]> body, Func<RowRange, Layers.ForwardContext> context) : IRecordedStage
    {
        private readonly string? _phase = Phase.Current;

        // Where each part's rows begin in each output.
        private int[][] _starts = [];
        private Tensor[] _outputs = [];

        /// <summary>What the body has read.</summary>
        public IReadOnlySet<Tensor> Leaves { get; private set; } = FrozenSet<Tensor>.Empty;

        /// <summary>The outputs of all rows; their graph is gone.</summary>
        /// <param name="explain">What is read of groundings.</param>
        /// <param name="after">The random numbers of what comes after the stage.</param>
        /// <param name="leadsBack">
        /// Whether the last output is minimised and led back here; then the outputs are constants.
        /// </param>
        public Tensor[] Compute(Func<Grounding, Tensor>? explain, RandomSource after, bool leadsBack)
        {
            var recorded = GradMode.Enabled;
            var results = new List<Tensor[]>();
            using var watch = LeafWatch.Begin();
            Leaves = watch.Leaves;
            try
            {
                foreach (var (range, place) in pieces)
                {
                    // An explanation is itself a gradient.
                    using var mode = GradMode.Set(recorded && (explained || leadsBack));
                    var part = new BatchPart(context(place), range, inputs, explain) { IsRecorded = leadsBack };
                    results.Add(Isolated(() =>
                    {
                        var outputs = body(part);
                        if (leadsBack) LeadBack(part, outputs[^1]);
                        return outputs;
                    }));
                    if (results.Count == 1) after.Continue(part.Context.Random!);
                }
                _outputs = new Tensor[results[0].Length];
                _starts = new int[_outputs.Length][];
                for (var k = 0; k < _outputs.Length; k++) Join(k, [.. results.Select(r => r[k])]);
            }
            finally
            {
                foreach (var tensor in results.SelectMany(r => r)) tensor.Dispose();
            }
            if (recorded && !leadsBack)
                foreach (var output in _outputs) output.SetRequiresGrad();
            return _outputs;
        }

        // The share is added to what is minimised: its gradient is 1.
        private static void LeadBack(BatchPart part, Tensor share)
        {
            if (share.RequiresGrad) share.Backward();
            part.SendGradients();
        }

        /// <summary>Computes each part again, recorded, and sends the outputs' gradients through it.</summary>
        public void Backward(Func<Grounding, Tensor>? explain, Action<Tensor>? whole)
        {
            if (_outputs.All(o => o.Grad is null)) return;
            using var phase = Phase.Again(_phase);
            foreach (var (number, (range, place)) in pieces.Index())
            {
                var part = new BatchPart(context(place), range, inputs, explain) { IsRecorded = true };
                Isolated(() =>
                {
                    var results = body(part);
                    int[] asked = [.. Enumerable.Range(0, results.Length).Where(
                        k => _outputs[k].Grad is not null && results[k].RequiresGrad)];
                    if (asked.Length > 0)
                        AutogradEngine.Backward(
                            [.. asked.Select(k => results[k])], [.. asked.Select(k => Gradient(k, number))],
                            whole is null ? null : leaf => Complete(leaf, number, whole));
                    part.SendGradients();
                    return [];
                });
            }
            foreach (var output in _outputs)
            {
                output.Grad?.Dispose();
                output.Grad = null;
            }
        }

        // Gradients of all parts add up: they are whole in the last one.
        private void Complete(Tensor leaf, int part, Action<Tensor> whole)
        {
            if (leaf.Name is { } name && !Leaves.Contains(leaf))
                throw new ModelException($"a stage reads {name} when it is computed again, and did not before");
            if (part == pieces.Length - 1) whole(leaf);
        }

        private void Join(int output, Tensor[] parts)
        {
            using var noGrad = NoGrad.Begin();
            _outputs[output] = Movement.Concat(parts, 0);
            _starts[output] = Starts(Array.ConvertAll(parts, p => p.Shape[0]));
            foreach (var part in parts) part.Dispose();
        }

        private Tensor Gradient(int output, int part) =>
            _outputs[output].Grad!.Slice(0, _starts[output][part], _starts[output][part + 1]);

        private static int[] Starts(int[] lengths)
        {
            var starts = new int[lengths.Length + 1];
            for (var i = 0; i < lengths.Length; i++) starts[i + 1] = starts[i] + lengths[i];
            return starts;
        }

        // A part's graph ends with it, also where no backward pass goes through it: its scope is an outermost one. The
        // results belong to the caller.
        private static Tensor[] Isolated(Func<Tensor[]> body)
        {
            using var suspended = MemoryScope.Suspend();
            using var scope = MemoryScope.Begin();
            var results = body();
            foreach (var result in results) scope.Keep(result);
            return results;
        }
    }
}

/// <summary>What a stage has computed.</summary>
/// <param name="Tensors">The body's results, of all rows.</param>
/// <param name="Explanation">What was read of the groundings; null where all rows were computed at once.</param>
internal sealed record StageOutput(Tensor[] Tensors, Tensor? Explanation);

/// <summary>What a stage reads of an earlier stage's output.</summary>
/// <param name="Tensor">The output.</param>
/// <param name="Rows">Which row of it each row of the stage reads; null for that of its own number.</param>
internal readonly record struct StageInput(Tensor Tensor, int[]? Rows = null);
