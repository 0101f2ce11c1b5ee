using AmcEngine.Amc.Models;
using AmcEngine.Amc.Objective;
using AmcEngine.Amc.Recordings;
using AmcEngine.Amc.Training;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Optim;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Verification;

/// <summary>
/// Replays a recorded training step of the reference implementation and compares everything that was recorded: outputs,
/// losses, gradients of the whole objective and of its second-order part, and the weights after three optimizer steps.
/// </summary>
public sealed class GoldenVerifier
{
    private const int TrainingSteps = 3;
    private const double LearningRate = 1e-3;
    private const double WeightDecay = 0.02;

    /// <summary>
    /// The official code's mean term is a single-precision scalar even when its model is in double precision, so that
    /// the term's weight reaches the gradient rounded to it: 1.5e-8, more than a replay in double precision allows.
    /// </summary>
    private static readonly AmcOptions ReferenceOptions = new(MeanWeight: 0.2f);

    private readonly GoldenCase _case;
    private readonly GoldenComparer _comparer;
    private readonly IBackend _backend;
    private readonly DType _dtype;
    private readonly IVisionLanguageModel _model;
    private readonly ILookup<string, GoldenReference> _references;

    private GoldenVerifier(GoldenCase golden, IVisionLanguageModel model, IBackend backend, DType dtype)
    {
        (_case, _model, _backend, _dtype, _comparer) = (golden, model, backend, dtype, new GoldenComparer(dtype));
        _references = golden.Tensors.Select(GoldenReference.Parse).ToLookup(r => r.Kind);
    }

    /// <summary>Replays <paramref name="jsonPath"/> with the tensors in the safetensors files beside it.</summary>
    /// <param name="jsonPath">The golden JSON.</param>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Precision of the replay; F64 starts from the same float32 weights.</param>
    /// <param name="checkpoint">Weights to use instead of those of the rule.</param>
    /// <exception cref="ModelException">The JSON or the checkpoint does not describe this model.</exception>
    /// <exception cref="SerializationException">A file cannot be read.</exception>
    public static VerificationReport Verify(
        string jsonPath, IBackend backend, DType dtype = DType.F32, IReadOnlyList<TensorData>? checkpoint = null)
    {
        using var golden = GoldenCase.Open(jsonPath);
        using var model = ModelRegistry.Find(golden.Model).Replay(golden, backend, dtype);
        if (checkpoint is not null && StateDict.Load(model, checkpoint).Lacks(model.Trainable) is { } lacking)
            throw new ModelException($"checkpoint: lacks {lacking}; verify with one that has them all");
        return new GoldenVerifier(golden, model, backend, dtype).Run();
    }

    private VerificationReport Run()
    {
        ComparePositionEmbedding();
        using var optimizer = new AdamW(_model.ParameterGroups(WeightDecay), average: _model.Average);
        var hasState = _references.Contains("after3");
        // The momentum copies move with the weights, as in training; a recording ends before they have followed the
        // last step.
        var steps = hasState ? TrainingSteps : 1;
        try
        {
            for (var step = 0; step < steps; step++) Step(step, optimizer, isLast: step + 1 == steps);
        }
        catch (TrainingException)
        {
            // NaN or infinity: what there was to compare has been compared, and weights that were not trained fail
            // below.
        }
        if (hasState) CompareState();
        return new VerificationReport(_comparer.Groups);
    }

    /// <summary>
    /// A step of training on the recorded inputs; all that was recorded of the first one is compared on the way.
    /// </summary>
    private void Step(int step, AdamW optimizer, bool isLast)
    {
        using var scope = MemoryScope.Begin();
        var text = _case.Text();
        var image = TensorValues.From(
            _case.Image(text.Count), [text.Count, 3, _model.ImageRes, _model.ImageRes], _dtype, _backend);
        var (regions, side) = _case.Regions(text.Count);
        var mask = TensorValues.From(regions, [text.Count, side, side], _dtype, _backend);
        var inputs = new StepInputs(new PairBatch(image, text), mask, _case.HasRegion(text.Count));
        var options = new StepOptions(_case.Alpha, new RandomSource(0))
        {
            Negatives = ArgmaxSampler.Instance,
            Masked = _case.Masked(),
            FullOutputs = true,
        };
        var compare = step == 0;
        new TrainingStep(_model, new AmcObjective(_case.IsOfficialCode ? ReferenceOptions : null), optimizer)
        {
            DeferAverage = isLast,
            Forwarded = compare ? tensors => CompareForward(tensors, inputs.HasRegion) : null,
            Differentiated = compare ? () =>
                CompareGradients("grad_total", _model.Trainable.ToDictionary(p => p.Name, p => p.Value.Grad)) : null,
        }.Run(step, inputs, options, LearningRate);
    }

    private void CompareForward(StepTensors tensors, bool[] hasRegion)
    {
        CompareLosses(tensors);
        CompareOutputs(tensors, hasRegion);
        CompareAmcGradients(tensors.Objective!);
    }

    private void CompareLosses(StepTensors tensors)
    {
        var values = tensors.Output.Losses.Concat(tensors.Objective!.Losses)
            .Append(new NamedLoss("total", tensors.Total)).ToDictionary(l => l.Name, l => l.Value);
        foreach (var reference in _references["loss"])
            _comparer.Compare(reference, values.TryGetValue(reference.Name, out var loss) ? [Value(loss)] : []);
    }

    private void CompareOutputs(StepTensors tensors, bool[] hasRegion)
    {
        var values = tensors.Output.Intermediate.Concat(tensors.Objective!.Intermediate)
            .ToDictionary(v => v.Key, v => v.Value);
        var choices = tensors.Output.Choices;
        foreach (var reference in _references["out"])
        {
            if (choices.TryGetValue(reference.Name, out var index))
                _comparer.Compare(
                    reference, [new GoldenValue(Array.ConvertAll(index, i => (double)i), [index.Length])]);
            else
                _comparer.Compare(reference, values.GetValueOrDefault(reference.Name) is { } tensor
                    ? Candidates(reference.Name, Value(tensor), hasRegion) : []);
        }
    }

    /// <summary>Explanations may be stored for all samples or for those with a region.</summary>
    private static GoldenValue[] Candidates(string name, GoldenValue all, bool[] hasRegion)
    {
        if (!name.StartsWith("gradcam_", StringComparison.Ordinal) || !hasRegion.Contains(false)) return [all];
        var size = all.Values.Length / hasRegion.Length;
        double[] some = [.. Enumerable.Range(0, hasRegion.Length).Where(i => hasRegion[i]).SelectMany(
            i => all.Values.AsSpan(i * size, size).ToArray())];
        return [all, new GoldenValue(some, [hasRegion.Count(r => r), .. all.Shape[1..]])];
    }

    private void CompareAmcGradients(ObjectiveTerms amc)
    {
        if (!_references.Contains("grad_amc")) return;
        var parameters = _model.Trainable.ToList();
        var gradients = amc.Loss.RequiresGrad
            ? AutogradEngine.Grad([amc.Loss], [.. parameters.Select(p => p.Value)], retainGraph: true)
            : new Tensor?[parameters.Count];
        CompareGradients(
            "grad_amc", parameters.Select((p, i) => (p.Name, gradients[i])).ToDictionary(p => p.Name, p => p.Item2));
        foreach (var gradient in gradients) gradient?.Dispose();
    }

    private void CompareGradients(string kind, Dictionary<string, Tensor?> gradients)
    {
        var shapes = _model.Trainable.ToDictionary(p => p.Name, p => p.Shape);
        foreach (var reference in _references[kind])
        {
            if (!gradients.TryGetValue(reference.Name, out var gradient)) _comparer.Compare(reference, []);
            else _comparer.Compare(reference, [gradient is null ? Zeros(shapes[reference.Name]) : Value(gradient)]);
        }
    }

    private void ComparePositionEmbedding()
    {
        if (_case.Find("posembed/in") is not { } stored) return;
        using var scope = MemoryScope.Begin();
        foreach (var reference in _references["posembed"].Where(r => r.Name == "out"))
        {
            var grid = (int)Math.Round(Math.Sqrt(reference.Data.Shape[1] - 1));
            var resized = PositionEmbedding.Resize(TensorValues.From(stored, _dtype, _backend), grid);
            _comparer.Compare(reference, [Value(resized)]);
        }
    }

    private void CompareState()
    {
        var state = _model.StateEntries.ToDictionary(e => e.Name, e => e.Parameter);
        foreach (var reference in _references["after3"])
            _comparer.Compare(
                reference, state.TryGetValue(reference.Name, out var parameter) ? [Value(parameter)] : []);
    }

    private static GoldenValue Value(Parameter parameter) => parameter.Integers is { } integers
        ? new GoldenValue(Array.ConvertAll(integers, v => (double)v), [.. parameter.Shape])
        : Value(parameter.Value);

    private static GoldenValue Value(Tensor tensor) => new(tensor.ToDoubles(), [.. tensor.Shape]);

    private static GoldenValue Zeros(Shape shape) => new(new double[shape.Count], [.. shape]);
}
