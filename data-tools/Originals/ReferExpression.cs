namespace AmcEngine.DataTools;

/// <summary>An annotated object of the REFER data sets with the expressions that people used for it.</summary>
/// <param name="Id">Its id (<c>ref_id</c>).</param>
/// <param name="Annotation">Id of the object's box and outline.</param>
/// <param name="Picture">Id of its picture.</param>
/// <param name="Split">The split it belongs to.</param>
/// <param name="Category">Id of its category, if it is told.</param>
/// <param name="Sentences">
/// The expressions, in lower case and without punctuation as REFER's tools made them; null where one is malformed.
/// </param>
internal sealed record ReferExpression(
    long Id, long Annotation, long Picture, string Split, long? Category, IReadOnlyList<ReferSentence?> Sentences);

/// <summary>An expression.</summary>
/// <param name="Id">Its id (<c>sent_id</c>), if it is told.</param>
/// <param name="Text">The expression.</param>
internal sealed record ReferSentence(long? Id, string Text);
