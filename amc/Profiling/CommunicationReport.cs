using System.Globalization;
using System.Text.Json.Nodes;
using AmcEngine.Amc.Ranks;

namespace AmcEngine.Amc.Profiling;

/// <summary>What ranks exchange in a step, for people and for programs.</summary>
internal static class CommunicationReport
{
    /// <summary>The rank that has most to do itself, for which the others wait.</summary>
    public static RankStep Slowest(IReadOnlyList<RankStep> ranks) => ranks.MaxBy(r => r.Own)!;

    /// <summary>Writes the tables: kinds on the slowest rank, then ranks.</summary>
    public static void Write(IReadOnlyList<RankStep> ranks, TextWriter output)
    {
        var slowest = Slowest(ranks);
        output.WriteLine(Text($"communication of {ranks.Count} ranks in a step; on the slowest, rank {slowest.Rank}, ")
            + Text($"{slowest.All.Bytes / 1e6:0.0} MB in {slowest.All.Seconds * 1e3:0.00} ms, ")
            + $"{Share(slowest)} of it hidden behind computing");
        var kinds = new TextTable("kind", "calls", "MB", "ms", "hidden ms", "exposed ms", "waited ms");
        foreach (var (kind, use) in slowest.Uses.OrderByDescending(u => u.Value.Seconds + u.Value.Waited))
            kinds.Add(kind, Text($"{use.Calls:0.#}"), Text($"{use.Bytes / 1e6:0.000}"), Milliseconds(use.Seconds),
                Milliseconds(use.Hidden), Milliseconds(use.Exposed), Milliseconds(use.Waited));
        kinds.Write(output);
        var table = new TextTable("rank", "step ms", "own ms", "ms", "hidden", "exposed ms", "waited ms");
        foreach (var rank in ranks)
            table.Add(Text($"{rank.Rank}"), Milliseconds(rank.Seconds), Milliseconds(rank.Own),
                Milliseconds(rank.All.Seconds), Share(rank), Milliseconds(rank.All.Exposed),
                Milliseconds(rank.All.Waited));
        table.Write(output);
        output.WriteLine("ms: data on their way; waited: for these, for ranks that came late, and in meetings");
    }

    /// <summary>The same for programs.</summary>
    public static JsonObject Json(IReadOnlyList<RankStep> ranks) => new()
    {
        ["slowest_rank"] = Slowest(ranks).Rank,
        ["hidden_share"] = Slowest(ranks).HiddenShare,
        ["ranks"] = new JsonArray([.. ranks.Select(Rank)]),
    };

    private static JsonObject Rank(RankStep rank)
    {
        var json = Use(rank.All);
        json["rank"] = rank.Rank;
        json["step_seconds"] = rank.Seconds;
        json["own_seconds"] = rank.Own;
        json["kinds"] = new JsonObject(rank.Uses.Select(u => KeyValuePair.Create(u.Key, (JsonNode?)Use(u.Value))));
        return json;
    }

    private static JsonObject Use(CommunicationUse use) => new()
    {
        ["calls"] = use.Calls,
        ["bytes"] = use.Bytes,
        ["seconds"] = use.Seconds,
        ["hidden_seconds"] = use.Hidden,
        ["exposed_seconds"] = use.Exposed,
        ["waited_seconds"] = use.Waited,
    };

    private static string Share(RankStep rank) =>
        rank.HiddenShare is { } share ? Text($"{100 * share:0} %") : "nothing";

    private static string Milliseconds(double seconds) => Text($"{seconds * 1e3:0.00}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
