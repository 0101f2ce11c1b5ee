using System.Text.RegularExpressions;
using AmcEngine.Memory;
using AmcEngine.Model.Modules;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Checkpoints;

/// <summary>Between a model and the state dicts of the reference (specification 8).</summary>
public static partial class StateDict
{
    /// <summary>
    /// All entries in the reference's order, tied tensors under each of their names, whole numbers as I64. Those are
    /// copies; the values of tensors stay in the model until they are read (<see cref="TensorValues.ToData"/>).
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="take">What to take of an entry with a tensor in place of that.</param>
    public static IReadOnlyList<TensorData> Export(
        IVisionLanguageModel model, Func<Parameter, TensorData>? take = null)
    {
        take ??= p => TensorValues.ToData(p.Value, p.Name);
        var values = new Dictionary<Parameter, TensorData>();
        var entries = new List<TensorData>();
        foreach (var (name, parameter, _) in model.StateEntries)
        {
            if (!values.TryGetValue(parameter, out var data)) values[parameter] = data = Data(parameter, take);
            entries.Add(data.WithName(name));
        }
        return entries;
    }

    /// <summary>
    /// Loads what a checkpoint holds, like PyTorch's non-strict loading, but shapes are strict and every number must be
    /// finite. Names may have lost <c>bert.</c> or carry the prefix of a wrapper; position embeddings of another image
    /// size are resized; a single <c>queue_ptr</c> sets both pointers; momentum copies that are not in the file are
    /// copied from the student. What is missing is for the caller to judge (<see cref="LoadReport.Lacks"/>).
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="tensors">The checkpoint's tensors: of <c>.pth</c>, legacy or safetensors files alike.</param>
    /// <param name="skipped">Its entries that are no plain tensors.</param>
    /// <exception cref="ModelException">
    /// A shape does not fit, a number is not finite, or the checkpoint belongs to another model.
    /// </exception>
    public static LoadReport Load(
        IVisionLanguageModel model, IReadOnlyList<TensorData> tensors, IReadOnlyList<SkippedEntry>? skipped = null)
    {
        var names = model.Names;
        var known = Known(model);
        tensors = names.Translate(tensors);
        var prefix = WrapperPrefix.Find(tensors.Select(t => t.Name), name => known.Contains(names.Canonical(name)));
        var stored = new Dictionary<string, TensorData>(StringComparer.Ordinal);
        // Names with the prefix come last, so that they win over equal ones without.
        foreach (var tensor in tensors.OrderBy(t => t.Name.StartsWith(prefix, StringComparison.Ordinal)))
            stored[names.Canonical(WrapperPrefix.Strip(tensor.Name, prefix))] = tensor;
        var plan = Match(model, stored, out var missing, out var reshaped);
        RequireSameModel(model, plan, tensors.Count);
        var check = new FiniteLoad();
        using (MemoryScope.Suspend())
            foreach (var (parameter, data) in plan) Assign(parameter, data, check);
        check.RequireFinite();
        CompleteMomentum(model, plan);
        string[] loaded =
            [.. model.StateEntries.Where(e => !e.IsAlias && plan.ContainsKey(e.Parameter)).Select(e => e.Name)];
        string[] unexpected = [.. Unexpected(model, known, tensors.Select(t => t.Name), prefix)];
        return new LoadReport(loaded, missing, unexpected, reshaped)
        {
            Prefix = prefix,
            Names = names,
            Skipped = skipped ?? [],
            OtherLayers = [.. OfOtherLayers(known, unexpected, n => names.Canonical(WrapperPrefix.Strip(n, prefix)))],
        };
    }

    private static Dictionary<Parameter, TensorData> Match(
        IVisionLanguageModel model, Dictionary<string, TensorData> stored, out List<string> missing,
        out List<string> reshaped)
    {
        var plan = new Dictionary<Parameter, TensorData>();
        (missing, reshaped) = ([], []);
        foreach (var (name, parameter, _) in model.StateEntries)
        {
            if (plan.ContainsKey(parameter) || Find(name, stored, model.Names) is not { } data) continue;
            if (!Fits(parameter, data))
            {
                if (!IsResizable(parameter, data)) throw new ModelException(
                    $"checkpoint: tensor '{data.Name}' is [{string.Join(", ", data.Shape)}], "
                        + $"the model expects {parameter.Shape}; use the configuration that belongs to the checkpoint");
                reshaped.Add(name);
            }
            plan.Add(parameter, data);
        }
        foreach (var (name, parameter, isAlias) in model.StateEntries)
            if (!isAlias && !plan.ContainsKey(parameter) && !IsConstant(parameter)) missing.Add(name);
        return plan;
    }

    private static TensorData? Find(string name, Dictionary<string, TensorData> stored, CheckpointNames names)
    {
        if (stored.TryGetValue(names.Canonical(name), out var data)) return data;
        return names.Former(name) is { } former ? stored.GetValueOrDefault(former) : null;
    }

    /// <summary>Equal shapes; a scalar and one element in one dimension are the same.</summary>
    private static bool Fits(Parameter parameter, TensorData data) =>
        data.Shape.SequenceEqual(parameter.Shape.Select(d => (long)d))
        || (data.Count == 1 && parameter.Shape.Count == 1 && data.Shape.Count <= 1 && parameter.Shape.Rank <= 1);

    private static bool IsResizable(Parameter parameter, TensorData data) =>
        parameter.PositionGrid is not null && data.Shape.Count == parameter.Shape.Rank
        && data.Shape is [.., var rows, var width] && rows * width == data.Count
        && width == parameter.Shape[parameter.Shape.Rank - 1]
        && PositionEmbedding.IsGrid(rows - 1, out _);

    private static void Assign(Parameter parameter, TensorData data, FiniteLoad check)
    {
        if (parameter.Integers is { } integers)
        {
            // Position ids are 0, 1, 2, … in every checkpoint; only pointers carry state.
            if (!IsConstant(parameter)) data.ToI64().CopyTo(integers, 0);
            return;
        }
        if (Fits(parameter, data))
        {
            check.Load(parameter.Value, data);
            return;
        }
        using var stored = check.Read(data, parameter.Value.DType, parameter.Value.Backend);
        using var resized = PositionEmbedding.Resize(stored, parameter.PositionGrid!.Value);
        if (parameter.Value.DType == DType.F64) parameter.Value.Load<double>(resized.ToArray<double>());
        else parameter.Value.Load<float>(resized.ToArray<float>());
    }

    /// <summary>A checkpoint with less than half of the trained weights is one of something else.</summary>
    private static void RequireSameModel(IVisionLanguageModel model, Dictionary<Parameter, TensorData> plan, int stored)
    {
        var trainable = model.Trainable.ToList();
        var found = trainable.Count(plan.ContainsKey);
        if (2 * found < trainable.Count) throw new ModelException(
            $"checkpoint: of its {stored} tensors only {found} belong to the {trainable.Count} weights of this model; "
                + "it is a checkpoint of another model");
    }

    private static void CompleteMomentum(IVisionLanguageModel model, Dictionary<Parameter, TensorData> plan)
    {
        var trained = model.Trainable.ToHashSet();
        if (!model.Parameters.Any(p => !trained.Contains(p) && plan.ContainsKey(p))) model.CopyStudentToMomentum();
    }

    private static HashSet<string> Known(IVisionLanguageModel model)
    {
        var names = model.Names;
        return [.. model.StateEntries.Select(e => names.Canonical(e.Name)),
            .. model.StateEntries.Select(e => names.Former(e.Name)).OfType<string>()];
    }

    private static IEnumerable<string> Unexpected(
        IVisionLanguageModel model, HashSet<string> known, IEnumerable<string> names, string prefix) =>
        from name in names
        let plain = WrapperPrefix.Strip(name, prefix)
        where !known.Contains(model.Names.Canonical(plain)) && !model.Names.IsKnownExtra(plain, model.ForTraining)
        select name;

    /// <summary>Which names differ from known ones in the number of their layer alone.</summary>
    private static IEnumerable<string> OfOtherLayers(
        HashSet<string> known, string[] unexpected, Func<string, string> canonical)
    {
        if (unexpected.Length == 0) return [];
        var shapes = known.Select(AnyLayer).ToHashSet(StringComparer.Ordinal);
        return unexpected.Where(name => shapes.Contains(AnyLayer(canonical(name))));
    }

    private static string AnyLayer(string name) => LayerNumber.Replace(name, ".#.");

    private static bool IsConstant(Parameter parameter) =>
        parameter.Kind == ParameterKind.Integers && parameter.Name.EndsWith("position_ids", StringComparison.Ordinal);

    [GeneratedRegex(@"\.[0-9]+\.", RegexOptions.CultureInvariant)]
    private static partial Regex LayerNumber { get; }

    private static TensorData Data(Parameter parameter, Func<Parameter, TensorData> take) =>
        parameter.Integers is { } integers
            ? TensorData.From(parameter.Name, [.. parameter.Shape.Select(d => (long)d)], (long[])integers.Clone())
            : take(parameter);
}
