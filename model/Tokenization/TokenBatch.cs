namespace AmcEngine.Model.Tokenization;

/// <summary>Encoded texts of equal padded length, row by row.</summary>
/// <param name="Ids">Token ids <c>[Count·Length]</c>, padded with the pad id.</param>
/// <param name="Mask">1 for a token, 0 for padding, laid out like <paramref name="Ids"/>.</param>
/// <param name="Count">Number of texts.</param>
/// <param name="Length">Tokens a row: those of the longest text.</param>
public sealed record TokenBatch(int[] Ids, int[] Mask, int Count, int Length)
{
    /// <summary>Rows of ids, padded to the longest.</summary>
    /// <param name="rows">Ids of each text; no rows give an empty batch.</param>
    /// <param name="padId">Id of padding.</param>
    /// <param name="minLength">Length to pad to where no row is longer.</param>
    public static TokenBatch Of(IReadOnlyList<int[]> rows, int padId, int minLength = 0)
    {
        var length = rows.Count == 0 ? 0 : Math.Max(minLength, rows.Max(row => row.Length));
        int[] ids = new int[rows.Count * length], mask = new int[rows.Count * length];
        Array.Fill(ids, padId);
        for (var row = 0; row < rows.Count; row++)
        {
            rows[row].CopyTo(ids, row * length);
            mask.AsSpan(row * length, rows[row].Length).Fill(1);
        }
        return new TokenBatch(ids, mask, rows.Count, length);
    }
}
