using System.Text.Json;
using System.Text.Json.Nodes;
using AmcEngine.Backends;
using AmcEngine.Bench.Gpu;
using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Scaling;

/// <summary>
/// Seconds of any kernel of a step, from those of a few cases that were predicted or measured: each case says what its
/// kind of kernel reaches of the roofline at its size, and sizes between two cases reach what lies between. Kinds
/// without a case reach the usual shares. No kernel takes less than its launch.
/// </summary>
internal sealed class KernelTimes
{
    private readonly Dictionary<string, (double Roof, double Share)[]> _kinds;
    private readonly Roofline _roof;
    private readonly double _launch;

    /// <summary>Times on a GPU.</summary>
    /// <param name="cases">Names, sizes and seconds of the cases.</param>
    /// <param name="of">The roofline of the GPU that they are for.</param>
    /// <param name="roof">The roofline of the GPU that is simulated.</param>
    /// <param name="launch">Seconds of a launch.</param>
    public KernelTimes(
        IEnumerable<(KernelWork Work, double Seconds)> cases, Roofline of, Roofline roof, double launch)
    {
        (_roof, _launch) = (roof, launch);
        _kinds = cases
            .GroupBy(c => Kind(c.Work.Name), c =>
            {
                var least = of.Seconds(c.Work.Flop, c.Work.Bytes);
                return (Roof: least, Share: least / c.Seconds);
            })
            .ToDictionary(g => g.Key, g => g.OrderBy(c => c.Roof).ToArray(), StringComparer.Ordinal);
    }

    /// <summary>The predictions for an H100 that come with the program, or a file's for the GPU itself.</summary>
    /// <exception cref="ArgumentsException">The file is missing, or names no case.</exception>
    public static KernelTimes Load(string? file, Cluster cluster)
    {
        var seconds = file is null ? Predictions.Load() : Read(file);
        var cases = KernelCases.All(quick: false).Select(c => c.Work).Where(w => seconds.ContainsKey(w.Name))
            .Select(w => (w, seconds[w.Name])).ToArray();
        if (cases.Length == 0)
            throw new ArgumentsException($"bench scaling: --kernels {file}: names no case of bench gpu; give a report "
                + "of it (gpu-report.json) or an object of names and seconds");
        return new KernelTimes(cases, file is null ? Roofline.H100 : cluster.Roof, cluster.Roof,
            cluster.LaunchMicroseconds * 1e-6);
    }

    /// <summary>Seconds of a kernel.</summary>
    public double Seconds(in KernelWork work)
    {
        var roof = _roof.Seconds(work.Flop, work.Bytes);
        var seconds = _kinds.TryGetValue(KindOf(work.Name), out var cases)
            ? roof / Share(cases, roof)
            : Predictions.Usual(work.Flop, work.Bytes, _roof);
        return Math.Max(seconds, _launch);
    }

    // "attention backward 64x12x257x64" is a case of "attention backward", and any "matmul …" one of "matmul".
    private static string Kind(string name)
    {
        var kind = string.Join(' ', name.Split(' ').TakeWhile(w => !w.Any(char.IsDigit)));
        return kind.StartsWith("matmul", StringComparison.Ordinal) ? "matmul" : kind;
    }

    // The longest kind that the kernel's name begins with; cases of a forward pass do not say "forward".
    private string KindOf(string name)
    {
        var plain = name.Replace(" forward", "", StringComparison.Ordinal);
        return _kinds.Keys.Where(k => plain == k || plain.StartsWith(k + " ", StringComparison.Ordinal))
            .OrderByDescending(k => k.Length).FirstOrDefault() ?? plain;
    }

    private static double Share((double Roof, double Share)[] cases, double roof)
    {
        var next = Array.FindIndex(cases, c => c.Roof >= roof);
        if (next == 0) return cases[0].Share;
        if (next < 0) return cases[^1].Share;
        var (low, high) = (cases[next - 1], cases[next]);
        var at = Math.Log(roof / low.Roof) / Math.Log(high.Roof / low.Roof);
        return Math.Exp((1 - at) * Math.Log(low.Share) + at * Math.Log(high.Share));
    }

    private static Dictionary<string, double> Read(string path)
    {
        if (!File.Exists(path)) throw new ArgumentsException($"bench scaling: --kernels {path}: no such file");
        try
        {
            var found = new Dictionary<string, double>(StringComparer.Ordinal);
            Collect(JsonNode.Parse(File.ReadAllText(path)), found);
            return found;
        }
        catch (JsonException e)
        {
            throw new ArgumentsException(
                $"bench scaling: --kernels {path}: not JSON ({e.Message.ReplaceLineEndings(" ")})");
        }
    }

    // Names and seconds stand side by side in predictions, and as fields of a row in a report.
    private static void Collect(JsonNode? node, Dictionary<string, double> found)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array) Collect(item, found);
        }
        else if (node is JsonObject fields)
        {
            if (fields["name"] is JsonValue name && name.TryGetValue(out string? text)
                && Number(fields["seconds"]) is { } time) found[text] = time;
            foreach (var (key, value) in fields)
                if (Number(value) is { } seconds) found.TryAdd(key, seconds);
                else Collect(value, found);
        }
    }

    private static double? Number(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out double number) && number > 0 ? number : null;
}
