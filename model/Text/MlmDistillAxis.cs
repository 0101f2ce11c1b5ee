namespace AmcEngine.Model.Text;

/// <summary>
/// Axis over which the student's log-softmax of the MLM distillation term is normalised (specification 2.6).
/// </summary>
public enum MlmDistillAxis
{
    /// <summary>Over the positions of the text, padding included: what the AMC implementation does.</summary>
    Sequence,

    /// <summary>Over the vocabulary: ALBEF after its correction of March 2022.</summary>
    Vocab,
}
