namespace AmcEngine.Serialization;

/// <summary>The state dict of a checkpoint.</summary>
/// <param name="Tensors">Its tensors in their saved order.</param>
/// <param name="Skipped">Entries that are no plain tensors.</param>
/// <param name="Key">Where it lies, as in <c>model</c>; null for the root.</param>
/// <param name="OtherKeys">Where as many tensors lie, if the choice was not the caller's.</param>
public sealed record TorchState(
    IReadOnlyList<TensorData> Tensors, IReadOnlyList<SkippedEntry> Skipped, string? Key,
    IReadOnlyList<string> OtherKeys);

/// <summary>
/// Finds the state dict in the object graph of a checkpoint. The graph may share and contain itself: a dict is looked
/// through once however often it is mentioned, and the way down is short.
/// </summary>
internal sealed class TorchStateFinder(string path, object? root)
{
    /// <summary>Names under which trainers keep weights, in the order in which they are preferred.</summary>
    private static readonly string[] StateKeys =
    [
        "model", "state_dict", "model_state_dict", "model_state", "net", "module", "model_ema", "ema", "ema_model",
        "ema_state_dict", "model_ema_state_dict", "state_dict_ema",
    ];

    private const int MaxDepth = 4;
    private const int Shown = 8;

    /// <summary>Most entries of the top that are looked into: a hostile file must not make it a million.</summary>
    private const int MaxHolders = 256;
    private const string SavePlain = "save the weights: torch.save({'model': model.state_dict()}, path)";

    private readonly Dictionary<object, bool> _seen = new(ReferenceEqualityComparer.Instance);

    /// <summary>The state dict under a key, or the usual one.</summary>
    /// <exception cref="SerializationException">There is none.</exception>
    public TorchState Find(string? key)
    {
        if (root is OpaqueObject opaque) throw opaque.Refuse(path, null);
        if (root is not OrderedDictionary<object, object?> top)
            throw SerializationException.In(path, null, "holds no dict", SavePlain);
        string[] holders = [.. Holders(top)];
        if (key is not null)
        {
            return Choose(top, key) is { } chosen
                ? Take(chosen, key, [])
                : throw SerializationException.In(
                    path, null, $"holds no weights under the key {SerializationException.Quote(key)}",
                    There(holders, top));
        }
        var (found, name) = Usual(top, 0);
        // Nothing under a usual key, and what lies at the top is no state dict: a random state, say. Then it is the
        // user's choice.
        if (name is null && holders.Length > 0 && !found.Any(
            pair => pair is { Key: string entry, Value: TensorData } && entry.Contains('.', StringComparison.Ordinal)))
            throw SerializationException.In(path, null, "holds no weights under a usual key", There(holders, top));
        return Take(found, name, holders);
    }

    /// <summary>Follows the usual keys down to the first dict that holds tensors itself.</summary>
    private (OrderedDictionary<object, object?> State, string? Name) Usual(
        OrderedDictionary<object, object?> dictionary, int depth)
    {
        if (depth < MaxDepth)
        {
            foreach (var key in StateKeys)
            {
                if (dictionary.GetValueOrDefault(key) is not OrderedDictionary<object, object?> inner) continue;
                var (state, name) = Usual(inner, depth + 1);
                if (HoldsTensors(state)) return (state, name is null ? key : $"{key}.{name}");
            }
        }
        return (dictionary, null);
    }

    /// <summary>What lies under a key, or under several with dots between them.</summary>
    private OrderedDictionary<object, object?>? Choose(OrderedDictionary<object, object?> top, string key)
    {
        var here = top.GetValueOrDefault(key);
        if (here is null)
        {
            here = top;
            foreach (var part in key.Split('.'))
                here = here is OrderedDictionary<object, object?> level ? level.GetValueOrDefault(part) : null;
        }
        // A wrapping may lie within: the same names lead on.
        if (here is not OrderedDictionary<object, object?> found) return null;
        var state = Usual(found, 1).State;
        return HoldsTensors(state) ? state : null;
    }

    private TorchState Take(OrderedDictionary<object, object?> state, string? key, string[] holders)
    {
        TensorData[] tensors = [.. state
            .Where(pair => pair is { Key: string, Value: TensorData })
            .Select(pair => ((TensorData)pair.Value!).WithName((string)pair.Key))];
        (string Name, OpaqueObject Value)[] opaque = [.. state
            .Where(pair => pair is { Key: string, Value: OpaqueObject })
            .Select(pair => ((string)pair.Key, (OpaqueObject)pair.Value!))];
        if (tensors.Length == 0)
        {
            if (opaque.Concat(Opaque(state)).FirstOrDefault() is { Value: { } value } first)
                throw value.Refuse(path, first.Name);
            throw SerializationException.In(
                path, null,
                "holds no tensors under 'model', 'state_dict' or the root (keys: "
                    + $"{SerializationException.Quote(string.Join(", ", state.Keys.Take(Shown)))})", SavePlain);
        }
        SkippedEntry[] skipped = [.. opaque.Select(o => new SkippedEntry(o.Name, o.Value.ToString()))];
        return new TorchState(tensors, skipped, key, Alternatives(holders, key, tensors.Length));
    }

    /// <summary>Objects in place of tensors where tensors usually lie.</summary>
    private static IEnumerable<(string Name, OpaqueObject Value)> Opaque(
        OrderedDictionary<object, object?> dictionary) =>
        from key in StateKeys
        let inner = dictionary.GetValueOrDefault(key) as OrderedDictionary<object, object?>
        where inner is not null
        from pair in inner
        where pair is { Key: string, Value: OpaqueObject }
        select ((string)pair.Key, (OpaqueObject)pair.Value!);

    /// <summary>
    /// Keys under which another set of weights lies: one of about as many tensors, which a queue or a random state is
    /// not.
    /// </summary>
    private string[] Alternatives(string[] holders, string? key, int count) =>
    [
        .. holders.Where(holder => holder != key && key?.StartsWith(holder + ".", StringComparison.Ordinal) != true
            && 2 * Usual((OrderedDictionary<object, object?>)((OrderedDictionary<object, object?>)root!)[holder]!, 1)
                .State.Values.Count(v => v is TensorData) >= count),
    ];

    /// <summary>The keys of the top under which weights lie.</summary>
    private IEnumerable<string> Holders(OrderedDictionary<object, object?> top) =>
        from pair in top.Take(MaxHolders)
        where pair is { Key: string, Value: OrderedDictionary<object, object?> inner }
            && HoldsTensors(Usual(inner, 1).State)
        select (string)pair.Key;

    /// <summary>A state dict holds real numbers; whole ones alone are a random state or counts.</summary>
    private bool HoldsTensors(OrderedDictionary<object, object?> dictionary)
    {
        if (!_seen.TryGetValue(dictionary, out var holds))
        {
            holds = dictionary.Any(pair =>
                pair is { Key: string, Value: OpaqueObject { IsTensor: true } }
                || (pair is { Key: string, Value: TensorData tensor } && tensor.Type.IsFloatingPoint()));
            _seen.Add(dictionary, holds);
        }
        return holds;
    }

    private static string There(string[] holders, OrderedDictionary<object, object?> top) => holders.Length > 0
        ? $"choose one with --key: {string.Join(", ", holders.Take(Shown).Select(SerializationException.Quote))}"
        : $"it has none (keys: {SerializationException.Quote(string.Join(", ", top.Keys.Take(Shown)))}); {SavePlain}";
}
