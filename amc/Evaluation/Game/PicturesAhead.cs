using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>
/// Reads the pictures of coming questions on other threads while a model computes, and keeps those that later questions
/// ask about again: within a bound, the ones that are needed soonest, so that a picture is decoded once wherever its
/// questions stand. What is read does not depend on the threads; who takes it judges and counts it in its own order.
/// </summary>
internal sealed class PicturesAhead : IDisposable
{
    /// <summary>Bytes of pictures that are kept where nobody says otherwise: 680 of 256 × 256 pixels.</summary>
    public const long DefaultMostBytes = 128L << 20;

    // For this many questions at least: batches of one leave the readers too little.
    private const int LeastAhead = 8;

    private readonly IEvaluationSet _questions;
    private readonly IReadOnlyList<int> _order;
    private readonly IReadOnlyList<PictureTarget> _targets;
    private readonly int _ahead;
    private readonly long _mostBytes;
    private readonly Dictionary<int, int> _next = [];
    private readonly Dictionary<string, Kept> _kept = new(StringComparer.Ordinal);
    private int _taken, _scheduled;

    /// <summary>Looks through the names of the pictures; nothing is read yet.</summary>
    /// <param name="questions">The test set.</param>
    /// <param name="order">The questions that will be asked, in their order.</param>
    /// <param name="targets">The sizes of the pictures.</param>
    /// <param name="ahead">For how many questions ahead pictures are read.</param>
    /// <param name="mostBytes">Bytes of pictures that are kept for questions further ahead.</param>
    public PicturesAhead(IEvaluationSet questions, IReadOnlyList<int> order, IReadOnlyList<PictureTarget> targets,
        int ahead, long mostBytes = DefaultMostBytes)
    {
        (_questions, _order, _targets, _ahead, _mostBytes) = (questions, order, targets, ahead, mostBytes);
        var latest = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var index in order.Reverse())
        {
            var name = questions.PictureOf(index);
            if (latest.TryGetValue(name, out var next))
                _next[index] = next;
            latest[name] = index;
        }
    }

    /// <summary>Those of the batches of a game.</summary>
    /// <param name="questions">The test set.</param>
    /// <param name="batches">The batches that are asked, in their order.</param>
    /// <param name="isKnown">Which questions are answered.</param>
    /// <param name="targets">The sizes of the pictures.</param>
    public static PicturesAhead For(IEvaluationSet questions, IEnumerable<int[]> batches, Func<int, bool> isKnown,
        IReadOnlyList<PictureTarget> targets)
    {
        // Of a batch that holds a question without an answer all may have to be read.
        int[][] open = [.. batches.Where(b => !b.All(isKnown))];
        var longest = open.Length == 0 ? 0 : open.Max(b => b.Length);
        return new PicturesAhead(questions, [.. open.SelectMany(b => b)], targets, Math.Max(LeastAhead, longest));
    }

    /// <summary>The next question about the picture of a question; null where none follows.</summary>
    public int? NextOf(int index) => _next.TryGetValue(index, out var next) ? next : null;

    /// <summary>
    /// Gives the picture of a question. Questions are taken in order; some may be passed over.
    /// </summary>
    /// <returns>
    /// What <see cref="IEvaluationSet.Read"/> takes, which waits while the picture is still being read; null where
    /// there is nothing to read.
    /// </returns>
    public PictureReader? Take(int index)
    {
        LetGo(index);
        while (_order[_taken] < index)
            Pass(_order[_taken++]);
        for (_scheduled = Math.Max(_scheduled, _taken); _scheduled < Math.Min(_order.Count, _taken + 1 + _ahead);)
            Schedule(_order[_scheduled++]);
        var kept = _kept.GetValueOrDefault(_questions.PictureOf(index));
        Pass(index);
        return kept is null ? null : () => kept.Picture.GetAwaiter().GetResult();
    }

    /// <summary>Waits for what is being read, whatever comes of it.</summary>
    public void Dispose()
    {
        foreach (var kept in _kept.Values)
            ((IAsyncResult)kept.Picture).AsyncWaitHandle.WaitOne();
        _kept.Clear();
    }

    private void Schedule(int index)
    {
        var name = _questions.PictureOf(index);
        if (!_kept.ContainsKey(name) && _questions.ReaderOf(index, _targets) is { } reader)
            _kept[name] = new Kept(Task.Run(() => reader())) { Next = index };
    }

    private void Pass(int index)
    {
        if (_kept.TryGetValue(_questions.PictureOf(index), out var kept) && kept.Next <= index)
            kept.Next = NextOf(index);
    }

    // The pictures of the next questions stay in any case.
    private void LetGo(int index)
    {
        foreach (var name in _kept.Where(k => k.Value.Next is null).Select(k => k.Key).ToArray())
            _kept.Remove(name);
        var bytes = _kept.Values.Sum(k => k.Bytes);
        if (bytes <= _mostBytes)
            return;
        var soon = _order[Math.Min(_order.Count, Math.Max(_scheduled, 1)) - 1];
        foreach ((var name, var kept) in _kept.OrderByDescending(k => k.Value.Next).ToArray())
        {
            if (bytes <= _mostBytes || kept.Next <= Math.Max(soon, index))
                return;
            bytes -= kept.Bytes;
            _kept.Remove(name);
        }
    }

    private sealed class Kept(Task<(PictureViews Views, string? Damage)> picture)
    {
        public Task<(PictureViews Views, string? Damage)> Picture => picture;

        // The next question about it; null where none follows.
        public int? Next { get; set; }

        public long Bytes => picture.IsCompletedSuccessfully
            ? picture.Result.Views.Images.Sum(i => (long)i.Pixels.Length) : 0;
    }
}
