using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AmcEngine.Bench.Gpu;
using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Scaling;

/// <summary>
/// The machines of a simulation: GPUs in nodes, what connects them, and what delays them. docs/scaling.md has the
/// source of each figure. Latencies are those of NCCL's tuning table, a hop each: a ring's with whole chunks, a tree's
/// with the chunk that it waits for, and that of short messages.
/// </summary>
internal sealed record Cluster
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = true,
    };

    /// <summary>Eight H100 SXM a node, NVLink within, an InfiniBand port of 400 Gb/s for each GPU between.</summary>
    public static readonly Cluster H100 = new();

    /// <summary>The same with H200.</summary>
    public static readonly Cluster H200 = new() { Name = "h200", GpuBytes = 4.8e12, GpuMemory = 141e9 };

    /// <summary>What it is called.</summary>
    public string Name { get; init; } = "h100";

    /// <summary>GPUs that NVLink connects.</summary>
    public int GpusPerNode { get; init; } = 8;

    /// <summary>f32 operations a second outside of tensor cores.</summary>
    public double GpuFlops { get; init; } = Roofline.H100.Flops;

    /// <summary>Bytes a second from a GPU's memory.</summary>
    public double GpuBytes { get; init; } = Roofline.H100.Bytes;

    /// <summary>Bytes of a GPU's memory.</summary>
    public double GpuMemory { get; init; } = 80e9;

    /// <summary>Bytes a second of a GPU's NVLink, in one direction.</summary>
    public double NvlinkBytes { get; init; } = 450e9;

    /// <summary>What collectives reach of it.</summary>
    public double NvlinkShare { get; init; } = 0.8;

    /// <summary>Bytes a second of a GPU's network port, in one direction.</summary>
    public double NetworkBytes { get; init; } = 50e9;

    /// <summary>What collectives reach of it.</summary>
    public double NetworkShare { get; init; } = 0.94;

    /// <summary>Microseconds to start a collective.</summary>
    public double StartMicroseconds { get; init; } = 8.4;

    /// <summary>Microseconds of a ring's hop by NVLink.</summary>
    public double NvlinkRingMicroseconds { get; init; } = 3.4;

    /// <summary>Microseconds of a ring's hop by the network.</summary>
    public double NetworkRingMicroseconds { get; init; } = 9.6;

    /// <summary>Microseconds of a tree's hop by NVLink.</summary>
    public double NvlinkTreeMicroseconds { get; init; } = 28;

    /// <summary>Microseconds of a tree's hop by the network.</summary>
    public double NetworkTreeMicroseconds { get; init; } = 50;

    /// <summary>Microseconds of a short message's hop by NVLink.</summary>
    public double NvlinkShortMicroseconds { get; init; } = 0.94;

    /// <summary>Microseconds of a short message's hop by the network.</summary>
    public double NetworkShortMicroseconds { get; init; } = 5;

    /// <summary>Least time of a kernel, in microseconds: the host launches no faster.</summary>
    public double LaunchMicroseconds { get; init; } = 5;

    /// <summary>Share of a GPU's rate that a collective takes from kernels beside it.</summary>
    public double OverlapLoss { get; init; } = 0.1;

    /// <summary>Spread of steps: a rank's kernels take 1 + |x| times as long, x normal with this deviation.</summary>
    public double Jitter { get; init; } = 0.01;

    /// <summary>Cores that make a GPU's samples.</summary>
    public double LoaderCores { get; init; } = 4;

    /// <summary>Milliseconds of a core for a sample.</summary>
    public double SampleMilliseconds { get; init; } = 2.86;

    /// <summary>Batches that may wait for a GPU.</summary>
    public int BatchesAhead { get; init; } = 2;

    /// <summary>The GPU's roofline.</summary>
    [JsonIgnore]
    public Roofline Roof => new(GpuFlops, GpuBytes);

    /// <summary>A cluster by name or from a file, whose figures replace those of <see cref="H100"/>.</summary>
    /// <param name="nameOrFile">h100, h200 or a JSON file.</param>
    /// <param name="settings">figure=value; they win over the file.</param>
    /// <exception cref="ArgumentsException">No such figure or file, or a value out of range.</exception>
    public static Cluster Load(string nameOrFile, IEnumerable<string> settings)
    {
        var figures = nameOrFile switch
        {
            "h100" => ToJson(H100),
            "h200" => ToJson(H200),
            _ => Read(nameOrFile),
        };
        foreach (var setting in settings)
        {
            var parts = setting.Split('=', 2);
            if (parts.Length < 2) throw Wrong($"--set {setting}: give figure=value");
            figures[parts[0]] = Value(parts[0], parts[1]);
        }
        return Check(From(figures));
    }

    /// <summary>All figures.</summary>
    public static JsonObject ToJson(Cluster cluster) => JsonSerializer.SerializeToNode(cluster, Json)!.AsObject();

    private static JsonObject Read(string path)
    {
        if (!File.Exists(path)) throw Wrong($"--cluster {path}: no such file; give h100, h200 or a JSON file");
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject
                ?? throw Wrong($"--cluster {path}: not a JSON object");
        }
        catch (JsonException e)
        {
            throw Wrong($"--cluster {path}: not JSON ({e.Message.ReplaceLineEndings(" ")})");
        }
    }

    private static JsonValue Value(string name, string text)
    {
        if (name == "name") return JsonValue.Create(text);
        if (int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var whole))
            return JsonValue.Create(whole);
        return double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number)
            ? JsonValue.Create(number)
            : throw Wrong($"--set {name}={text}: not a number");
    }

    private static Cluster From(JsonObject figures)
    {
        var known = ToJson(H100).Select(f => f.Key).ToArray();
        if (figures.Select(f => f.Key).FirstOrDefault(k => !known.Contains(k)) is { } unknown)
            throw Wrong($"unknown figure \"{unknown}\"; they are {string.Join(", ", known)}");
        try
        {
            return figures.Deserialize<Cluster>(Json)!;
        }
        catch (JsonException e)
        {
            throw Wrong($"a figure of the cluster has a value of the wrong type ({e.Path?.TrimStart('$', '.')})");
        }
    }

    private static Cluster Check(Cluster cluster)
    {
        foreach (var (name, node) in ToJson(cluster))
        {
            if (name == "name") continue;
            var (value, isTime) = ((double)node!, name.EndsWith("microseconds", StringComparison.Ordinal)
                || name is "jitter" or "overlap_loss" or "sample_milliseconds");
            var isShare = name.EndsWith("_share", StringComparison.Ordinal) || name == "overlap_loss";
            if (isTime ? value < 0 : value <= 0)
                throw Wrong($"{name} {value}: must be {(isTime ? "at least" : "above")} 0");
            if (isShare && value > 1) throw Wrong($"{name} {value}: a share is at most 1");
        }
        return cluster.OverlapLoss < 1
            ? cluster : throw Wrong("overlap_loss 1: kernels would stand still; take less than 1");
    }

    private static ArgumentsException Wrong(string what) => new($"bench scaling: {what}");
}
