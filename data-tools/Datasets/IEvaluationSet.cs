namespace AmcEngine.DataTools;

/// <summary>Questions of the pointing game. Pictures are read when asked for, in the sizes that are wanted.</summary>
public interface IEvaluationSet : IReadOnlyList<EvaluationSample>
{
    /// <summary>Which picture a question is about; the same name is the same picture. Nothing is read.</summary>
    string PictureOf(int index);

    /// <summary>
    /// What reads the picture of a question, ahead and on any thread: nothing is counted or warned of until
    /// <see cref="Read"/> takes the result. One result serves all questions about the picture. Null where pictures are
    /// made and not read.
    /// </summary>
    /// <param name="index">Which question.</param>
    /// <param name="targets">The sizes of the picture.</param>
    PictureReader? ReaderOf(int index, IReadOnlyList<PictureTarget> targets);

    /// <summary>Reads one question.</summary>
    /// <param name="index">Which.</param>
    /// <param name="targets">The sizes of the picture.</param>
    /// <param name="picture">
    /// Gives what <see cref="ReaderOf"/> has read of this picture in these sizes, or throws what it threw; null reads
    /// the picture now.
    /// </param>
    /// <exception cref="UnusableSampleException">
    /// The question cannot be asked; it is counted, and the others go on.
    /// </exception>
    /// <exception cref="DataException">Something else is wrong with the data; it is an end.</exception>
    EvaluationSample Read(int index, IReadOnlyList<PictureTarget> targets, PictureReader? picture = null);
}
