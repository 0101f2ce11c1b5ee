using AmcEngine.Model.Tokenization;

namespace AmcEngine.Model.Text;

/// <summary>The part of a batch that the masked-language passes have to run on.</summary>
/// <param name="Rows">Texts to run, in order.</param>
/// <param name="Ids">Their masked ids, row by row.</param>
/// <param name="Positions">Flat positions of the masked tokens within these rows.</param>
/// <param name="Labels">Original ids at these positions.</param>
internal sealed record MlmSelection(int[] Rows, int[] Ids, int[] Positions, int[] Labels)
{
    /// <summary>Some of the rows; positions are those within them.</summary>
    /// <param name="first">Number of the first one.</param>
    /// <param name="count">How many.</param>
    public MlmSelection Part(int first, int count)
    {
        if (count == Rows.Length) return this;
        int length = Ids.Length / Rows.Length, start = first * length, end = start + count * length;
        int[] at = [.. Enumerable.Range(0, Positions.Length).Where(i => Positions[i] >= start && Positions[i] < end)];
        return new MlmSelection(Rows[first..(first + count)], Ids[start..end],
            [.. at.Select(i => Positions[i] - start)], [.. at.Select(i => Labels[i])]);
    }

    public static MlmSelection Of(TokenBatch text, MaskedTokens masked, bool allRows)
    {
        var length = text.Length;
        if (masked.InputIds.Length != text.Ids.Length || masked.Labels.Length != text.Ids.Length)
            throw new ModelException($"masked tokens: {masked.InputIds.Length} ids and {masked.Labels.Length} labels "
                + $"for {text.Ids.Length} tokens");
        var (rows, positions, labels) = (new List<int>(), new List<int>(), new List<int>());
        for (var row = 0; row < text.Count; row++)
        {
            var rowLabels = masked.Labels.AsSpan(row * length, length);
            if (!allRows && !rowLabels.ContainsAnyExcept(MaskedTokens.Ignore)) continue;
            for (var i = 0; i < length; i++)
            {
                if (rowLabels[i] == MaskedTokens.Ignore) continue;
                positions.Add(rows.Count * length + i);
                labels.Add(rowLabels[i]);
            }
            rows.Add(row);
        }
        int[] ids = [.. rows.SelectMany(row => masked.InputIds.AsSpan(row * length, length).ToArray())];
        return new MlmSelection([.. rows], ids, [.. positions], [.. labels]);
    }
}
