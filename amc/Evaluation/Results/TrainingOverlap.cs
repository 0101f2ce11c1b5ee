using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Results;

/// <summary>Whether a model has seen the pictures that it is tested on.</summary>
internal static class TrainingOverlap
{
    /// <summary>
    /// A warning where test pictures stand in the training list of the model's run, or where that list is gone; null
    /// where all is well or data is generated, whose test scenes are never trained on. Pictures are the same where
    /// their full paths are.
    /// </summary>
    /// <param name="run">The configuration of the model's run.</param>
    /// <param name="config">The configuration of the evaluation.</param>
    /// <param name="questions">The test set.</param>
    public static string? Warning(RunConfig run, RunConfig config, IEvaluationSet questions)
    {
        if (run.IsGenerated || config.IsGenerated)
            return null;
        var tested = Enumerable.Range(0, questions.Count).Select(i => Full(config, questions.PictureOf(i)))
            .ToHashSet(StringComparer.Ordinal);
        var all = tested.Count;
        string? first = null;
        foreach (var file in run.TrainFiles)
        {
            try
            {
                foreach (var picture in AnnotationPictures.Of(file))
                {
                    if (tested.Remove(Full(run, picture)))
                        first ??= picture;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or DataException)
            {
                // The evaluation does not need the list.
                return "the model's training list cannot be read any more, so that nobody can tell whether test "
                    + $"pictures were trained on: {e.Message}";
            }
        }
        return first is null ? null
            : $"{all - tested.Count} of {all} test pictures were in the model's training list "
                + $"({string.Join(", ", run.TrainFiles)}), the first of them {first}; the numbers say little "
                + "about new pictures";
    }

    private static string Full(RunConfig config, string picture) =>
        Path.GetFullPath(Path.Combine(config.ImageRoot, picture));
}
