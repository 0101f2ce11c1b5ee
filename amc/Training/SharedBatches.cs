using AmcEngine.Amc.Data;
using AmcEngine.Amc.Ranks;

namespace AmcEngine.Amc.Training;

/// <summary>
/// The batches of ranks that share them. Before each step all meet once and agree: whether one is to stop or has
/// failed, whether a sample cannot be used, and how long texts are. Dropout is numbered by the padded rows, so that all
/// pad to the longest text of the whole batch.
/// </summary>
/// <param name="loader">This rank's loader.</param>
/// <param name="job">The ranks.</param>
internal sealed class SharedBatches(BatchLoader loader, Job job)
{
    /// <summary>This rank's rows of the batch of a step; null where a rank asks to stop.</summary>
    /// <param name="step">The step, counted from 0.</param>
    /// <param name="stop">Asks all ranks to stop.</param>
    /// <exception cref="Exception">As of <see cref="Job.Meet"/>.</exception>
    public TrainingBatch? Next(int step, CancellationToken stop)
    {
        if (job.IsAlone)
            return stop.IsCancellationRequested ? null : loader.Get(step);
        BatchDraft? draft = null;
        job.Attempt(() =>
        {
            draft = loader.Begin(step);
            if (draft.Unusable.Count == 0)
                loader.Encode(draft);
        });
        Span<double> agreed =
        [
            draft?.Longest ?? 0, draft?.LongestParaphrase ?? 0, draft?.Unusable.Count ?? 0,
            stop.IsCancellationRequested ? 1 : 0
        ];
        job.Meet(agreed);
        if (agreed[3] > 0)
            return null;
        // All have met, so that none has failed.
        var rows = draft!;
        if (agreed[2] > 0)
        {
            int[] places = [.. Exchange.Integers(job.Communicator, [.. rows.Unusable.Keys]).SelectMany(p => p)];
            job.Attempt(() =>
            {
                loader.Replace(rows, places);
                loader.Encode(rows);
            });
            (agreed[0], agreed[1]) = (rows.Longest, rows.LongestParaphrase);
            job.Meet(agreed[..2]);
        }
        return loader.Finish(rows, (int)agreed[0], (int)agreed[1]);
    }
}
