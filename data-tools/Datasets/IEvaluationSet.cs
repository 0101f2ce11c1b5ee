namespace AmcEngine.DataTools;

/// <summary>Questions of the pointing game. Pictures are read when asked for, in the sizes that are wanted.</summary>
public interface IEvaluationSet : IReadOnlyList<EvaluationSample>
{
    /// <summary>Which picture a question is about; the same name is the same picture. Nothing is read.</summary>
    string PictureOf(int index);

    /// <summary>Reads one question.</summary>
    /// <param name="index">Which.</param>
    /// <param name="targets">The sizes of the picture.</param>
    /// <exception cref="UnusableSampleException">
    /// The question cannot be asked; it is counted, and the others go on.
    /// </exception>
    /// <exception cref="DataException">Something else is wrong with the data; it is an end.</exception>
    EvaluationSample Read(int index, IReadOnlyList<PictureTarget> targets);
}
