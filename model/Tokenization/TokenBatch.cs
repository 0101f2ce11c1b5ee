namespace AmcEngine.Model.Tokenization;

/// <summary>Encoded texts of equal padded length, row by row.</summary>
/// <param name="Ids">Token ids <c>[Count·Length]</c>, padded with the pad id.</param>
/// <param name="Mask">1 for a token, 0 for padding, laid out like <paramref name="Ids"/>.</param>
/// <param name="Count">Number of texts.</param>
/// <param name="Length">Tokens a row: those of the longest text.</param>
public sealed record TokenBatch(int[] Ids, int[] Mask, int Count, int Length);
