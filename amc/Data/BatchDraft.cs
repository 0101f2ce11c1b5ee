using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Data;

/// <summary>
/// A rank's rows of a batch while ranks still have to agree: on places whose samples cannot be used, and on the length
/// of texts. Pictures and masks stand with its loader.
/// </summary>
/// <param name="step">The step, counted from 0 over all epochs.</param>
/// <param name="rows">Rows of the rank.</param>
internal sealed class BatchDraft(int step, int rows)
{
    /// <summary>The step, counted from 0 over all epochs.</summary>
    public int Step => step;

    /// <summary>
    /// Places in the whole batch whose samples this rank cannot use, in ascending order, and why.
    /// </summary>
    public SortedDictionary<int, UnusableSampleException> Unusable { get; } = [];

    /// <summary>Tokens of this rank's longest text.</summary>
    public int Longest => Text?.Length ?? 0;

    /// <summary>Tokens of its longest paraphrase; 0 where nobody asks for them.</summary>
    public int LongestParaphrase => ParaphraseText?.Length ?? 0;

    internal string[] Captions { get; } = new string[rows];

    internal string[] Paraphrases { get; } = new string[rows];

    internal bool[] HasParaphrase { get; } = new bool[rows];

    internal long[] Pictures { get; } = new long[rows];

    internal TokenBatch? Text { get; set; }

    internal TokenBatch? ParaphraseText { get; set; }
}
