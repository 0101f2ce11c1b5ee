using System.Text.RegularExpressions;
using AmcEngine.Memory;
using AmcEngine.Model.Modules;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Checkpoints;

/// <summary>Between a model and the state dicts of the reference (specification 8).</summary>
public static partial class StateDict
{
    private static readonly string[] WordRows = ["word_embeddings.weight", "cls.predictions.bias"];

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
        var plan = Match(model.StateEntries, names, stored, growing: false, out var missing, out var reshaped);
        RequireSame(model.Trainable, plan, tensors.Count, "this model");
        Assign(plan);
        CompleteMomentum(model, plan);
        string[] unexpected = [.. Unexpected(model, known, tensors.Select(t => t.Name), prefix)];
        return new LoadReport(Loaded(model.StateEntries, plan), missing, unexpected, reshaped)
        {
            Prefix = prefix,
            Names = names,
            Skipped = skipped ?? [],
            OtherLayers = [.. OfOtherLayers(known, unexpected, n => names.Canonical(WrapperPrefix.Strip(n, prefix)))],
        };
    }

    /// <summary>
    /// Loads one part of a model from weights that were trained without the rest, whose names are the model's already.
    /// A table of words may have fewer rows than the model's, which keeps its own for the others.
    /// </summary>
    /// <param name="model">The model; momentum copies are made equal to the student.</param>
    /// <param name="part">What the names of the part begin with, as in <c>text_encoder.</c>.</param>
    /// <param name="tensors">The weights.</param>
    /// <param name="skipped">Entries of the file that are no plain tensors.</param>
    /// <exception cref="ModelException">
    /// A shape does not fit, a number is not finite, or less than half of the part is there.
    /// </exception>
    internal static LoadReport LoadPart(IVisionLanguageModel model, string part, IReadOnlyList<TensorData> tensors,
        IReadOnlyList<SkippedEntry> skipped)
    {
        var names = model.Names;
        StateEntry[] entries =
            [.. model.StateEntries.Where(e => e.Name.StartsWith(part, StringComparison.Ordinal))];
        var stored = new Dictionary<string, TensorData>(StringComparer.Ordinal);
        foreach (var tensor in tensors) stored[names.Canonical(tensor.Name)] = tensor;
        var plan = Match(entries, names, stored, growing: true, out var missing, out var reshaped);
        RequireSame([.. entries.Where(e => !e.IsAlias && e.Parameter.Kind == ParameterKind.Weight)
            .Select(e => e.Parameter)], plan, tensors.Count, part.TrimEnd('.'));
        Assign(plan);
        model.CopyStudentToMomentum();
        HashSet<string> known = [.. entries.Select(e => names.Canonical(e.Name))];
        string[] unexpected =
            [.. tensors.Select(t => t.Name).Where(name => !known.Contains(names.Canonical(name)))];
        return new LoadReport(Loaded(entries, plan), missing, unexpected, reshaped)
        {
            Names = names,
            Skipped = skipped,
            OtherLayers = [.. OfOtherLayers(known, unexpected, names.Canonical)],
        };
    }

    private static Dictionary<Parameter, TensorData> Match(
        IReadOnlyList<StateEntry> entries, CheckpointNames names, Dictionary<string, TensorData> stored, bool growing,
        out List<string> missing, out List<string> reshaped)
    {
        var plan = new Dictionary<Parameter, TensorData>();
        (missing, reshaped) = ([], []);
        foreach (var (name, parameter, _) in entries)
        {
            if (plan.ContainsKey(parameter) || Find(name, stored, names) is not { } data) continue;
            if (!Fits(parameter, data))
            {
                if (!IsResizable(parameter, data) && !(growing && Grows(parameter, data))) throw new ModelException(
                    $"checkpoint: tensor '{data.Name}' is [{string.Join(", ", data.Shape)}], "
                        + $"the model expects {parameter.Shape}; use the configuration that belongs to the checkpoint");
                reshaped.Add(name);
            }
            plan.Add(parameter, data);
        }
        foreach (var (name, parameter, isAlias) in entries)
            if (!isAlias && !plan.ContainsKey(parameter) && !IsConstant(parameter)) missing.Add(name);
        return plan;
    }

    private static string[] Loaded(IReadOnlyList<StateEntry> entries, Dictionary<Parameter, TensorData> plan) =>
        [.. entries.Where(e => !e.IsAlias && plan.ContainsKey(e.Parameter)).Select(e => e.Name)];

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

    /// <summary>A row a word: a vocabulary with additional words has more of them.</summary>
    private static bool Grows(Parameter parameter, TensorData data) =>
        WordRows.Any(name => parameter.Name.EndsWith(name, StringComparison.Ordinal))
        && data.Shape.Count == parameter.Shape.Rank && data.Shape[0] < parameter.Shape[0]
        && data.Shape.Skip(1).SequenceEqual(parameter.Shape.Skip(1).Select(d => (long)d));

    private static void Assign(Dictionary<Parameter, TensorData> plan)
    {
        var check = new FiniteLoad();
        using (MemoryScope.Suspend())
            foreach (var (parameter, data) in plan) Assign(parameter, data, check);
        check.RequireFinite();
    }

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
            parameter.Overwrite(tensor => check.Load(tensor, data));
            return;
        }
        if (parameter.PositionGrid is not { } grid)
        {
            // What has fewer rows fills the first ones.
            check.Load(parameter.Value, data);
            return;
        }
        parameter.Overwrite(tensor =>
        {
            using var stored = check.Read(data, tensor.DType, tensor.Backend);
            using var resized = PositionEmbedding.Resize(stored, grid);
            if (tensor.DType == DType.F64) tensor.Load<double>(resized.ToArray<double>());
            else tensor.Load<float>(resized.ToArray<float>());
        });
    }

    /// <summary>A checkpoint with less than half of the weights is one of something else.</summary>
    private static void RequireSame(
        IEnumerable<Parameter> weights, Dictionary<Parameter, TensorData> plan, int stored, string what)
    {
        var all = weights.ToList();
        var found = all.Count(plan.ContainsKey);
        if (2 * found < all.Count) throw new ModelException(
            $"checkpoint: of its {stored} tensors only {found} belong to the {all.Count} weights of {what}; "
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
