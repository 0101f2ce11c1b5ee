using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AmcEngine.Amc.Profiling;

/// <summary>A profile as one JSON object.</summary>
internal static class ProfileJson
{
    private static readonly JsonSerializerOptions Options =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// The object's text. Seconds, calls, flop and bytes are those of one step; gflops and gbytes are rates (10⁹ a
    /// second).
    /// </summary>
    /// <param name="r">The profile.</param>
    /// <param name="shapes">Whether to tell shapes apart, too.</param>
    public static string Write(ProfileResult r, bool shapes)
    {
        var json = new JsonObject
        {
            ["step_seconds"] = Spread(r.Seconds),
            ["phases"] = new JsonObject(r.Groups.Select(g => KeyValuePair.Create(g.Name, (JsonNode?)g.Seconds))),
            ["ops"] = Array(r.Ops.Select(o => Op(o, withShape: false))),
            ["peak_device_bytes"] = r.Memory.Peak,
            ["peak_rss_bytes"] = r.Memory.PeakResident,
            ["device"] = r.Device,
            ["threads"] = r.Threads,
            ["amc_share"] = r.AmcShare,
            ["step_seconds_without_amc"] = r.SecondsWithoutAmc.Length == 0 ? null : Spread(r.SecondsWithoutAmc),
            ["amc_phase_seconds"] = r.AmcPhaseSeconds,
            ["data_wait_share"] = r.DataWaitShare,
            ["config"] = r.Config,
            ["weights"] = r.WeightCount,
            ["batch_size"] = r.BatchSize,
            ["device_name"] = r.DeviceName,
            ["timing"] = r.Synchronous ? "synchronous" : "host",
            ["warmup_steps"] = r.WarmupSteps,
            ["measured_steps"] = r.Seconds.Length,
            ["profiled_steps"] = r.ProfiledSteps,
            ["profiled_step_seconds"] = r.ProfiledSeconds,
            ["kernel_seconds"] = r.KernelSeconds,
            ["phase_parts"] = Array(r.Phases.Select(p => new JsonObject
            {
                ["name"] = p.Name,
                ["seconds"] = p.Seconds,
                ["kernel_seconds"] = p.KernelSeconds,
                ["flop"] = p.Flop,
            })),
            ["machine"] = r.Peaks is null ? null : new JsonObject
            {
                ["fma_gflops_one_thread"] = r.Peaks.FmaGflopsOneThread,
                ["fma_gflops_all_threads"] = r.Peaks.FmaGflopsAllThreads,
                ["memory_gbytes"] = r.Peaks.MemoryGBs,
            },
            ["memory"] = Memory(r.Memory),
            ["collections"] = Array(r.Collections.Select(c => JsonValue.Create(c))),
            ["managed_bytes_per_step"] = r.ManagedBytes,
            ["process"] = r.Process is null ? null : new JsonObject
            {
                ["user_seconds"] = r.Process.UserSeconds,
                ["system_seconds"] = r.Process.SystemSeconds,
                ["minor_faults"] = r.Process.MinorFaults,
                ["major_faults"] = r.Process.MajorFaults,
                ["voluntary_switches"] = r.Process.VoluntarySwitches,
                ["involuntary_switches"] = r.Process.InvoluntarySwitches,
            },
        };
        if (r.Ranks.Count > 0)
            json["communication"] = CommunicationReport.Json(r.Ranks);
        if (!shapes)
            return json.ToJsonString(Options);
        json["products_alone"] = Array(ProfileProducts.Pairs(r).Select(p => new JsonObject
        {
            ["name"] = p.InStep.Name,
            ["shape"] = p.InStep.Shape,
            ["seconds_in_step"] = p.InStep.Seconds,
            ["seconds_alone"] = p.Alone.Seconds,
        }));
        json["shapes"] = Array(r.Shapes.Where(s => s.Shape.Length > 0).Select(o => Op(o, withShape: true)));
        return json.ToJsonString(Options);
    }

    private static JsonObject Spread(double[] seconds) => new()
    {
        ["median"] = Median.Of(seconds),
        ["min"] = seconds.Min(),
        ["max"] = seconds.Max(),
    };

    private static JsonObject Op(KernelUse o, bool withShape)
    {
        var op = new JsonObject { ["name"] = o.Name };
        if (withShape)
            op["shape"] = o.Shape;
        op["calls"] = (long)Math.Max(1, Math.Round(o.Calls));
        op["seconds"] = o.Seconds;
        op["gflops"] = o.Gflops;
        op["gbytes"] = o.Gbytes;
        op["flop"] = o.Flop;
        op["bytes"] = o.Bytes;
        op["roofline_share"] = o.Share;
        return op;
    }

    private static JsonObject Memory(MemoryBreakdown m) => new()
    {
        ["peak_phase"] = m.PeakPhase,
        ["weights"] = m.Weights,
        ["momentum_weights"] = m.MomentumWeights,
        ["queues"] = m.Queues,
        ["optimizer_state"] = m.OptimizerState,
        ["gradients_at_peak"] = m.Gradients,
        ["activations_and_temporaries"] = m.Activations,
        ["pool_reserved"] = m.Reserved,
        ["kernel_scratch"] = m.Scratch,
        ["managed_heap"] = m.ManagedHeap,
    };

    private static JsonArray Array(IEnumerable<JsonNode> items) => [.. items];
}
