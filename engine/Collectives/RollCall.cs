using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AmcEngine.Collectives;

/// <summary>
/// Short messages beside the collectives: all ranks tell the first one what they do and whether they wait, and the
/// first one tells the second. Who waits too long asks both who is missing. So a rank that was stopped has said before
/// what it was doing. Messages change hands every half second or so and while a rank waits, on any thread, beside the
/// collective that may be in progress: neither that nor computing is held up for them. An error among them ends them
/// and nothing else.
/// </summary>
internal sealed unsafe class RollCall
{
    // Far from tags that programs use by habit.
    private const int Tag = 20_011;

    // So short that every library sends it without the receiver, which may have been stopped.
    private const int MessageBytes = 512;
    private const int HeadBytes = 2 * sizeof(int);

    private const int First = 0, Second = 1;

    // Of ranks in an answer.
    private const int MostNamed = 5;

    // Where a rank that was stopped takes nothing, what it is sent waits for it; no more than that.
    private const int MostSending = 64;

    // After so long every rank that waits has told it.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(0.8), Pause = TimeSpan.FromMilliseconds(20);

    // So often each rank is heard of, and after so long one that is not was stopped: it may have been waiting then.
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1), Silence = TimeSpan.FromSeconds(4);

    private readonly MpiLibrary _mpi;
    private readonly int _rank, _size;
    private readonly Note?[] _known;
    private readonly Queue<(int Target, Kind Kind, string Text)> _outgoing = new();
    private readonly List<(nint Request, nint Message)> _sending = [];
    private readonly byte* _received = (byte*)NativeMemory.AllocZeroed(MessageBytes);
    private readonly int[] _sentTo;

    // One thread at a time, which others do not wait for.
    private readonly object _lock = new();
    private int _receivedCount;
    private bool _isClosed;
    private volatile Note _own;
    private Note _told;
    private long _toldAt;
    private volatile bool _asks;
    private volatile string? _ofFirst, _ofSecond;

    /// <summary>The ranks of a job.</summary>
    public RollCall(MpiLibrary mpi, int rank, int size)
    {
        (_mpi, _rank, _size) = (mpi, rank, size);
        (_known, _sentTo) = (new Note?[size], new int[size]);
        _toldAt = Stopwatch.GetTimestamp();
        // Where nothing is told, the first message is the first beat.
        _own = _told = new Note("the start", Waits: false, _toldAt);
    }

    private enum Kind
    {
        Does,
        Waits,
        Asks,
        Answers,
    }

    /// <summary>Sets what is told next. From any thread.</summary>
    public void Set(string doing, bool waits)
    {
        var own = _own;
        if (own.Doing != doing || own.Waits != waits) _own = new Note(doing, waits, Stopwatch.GetTimestamp());
    }

    /// <summary>Takes what is there and sends what is to be told, unless another thread is at it.</summary>
    public void Serve()
    {
        if (!Monitor.TryEnter(_lock)) return;
        try
        {
            if (!_isClosed) Exchange();
        }
        catch (CollectiveException)
        {
            // The next collective says what is wrong.
            _isClosed = true;
        }
        finally
        {
            Monitor.Exit(_lock);
        }
    }

    /// <summary>
    /// Ends it, for who may call MPI. All ranks call it before MPI ends, which leaves no message behind.
    /// </summary>
    /// <exception cref="CollectiveException">MPI has failed.</exception>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            fixed (int* counts = _sentTo)
                _mpi.AllReduce((nint)counts, _size, _mpi.Abi.Int, _mpi.Abi.Sum, _mpi.Abi.World);
            while (_receivedCount < _sentTo[_rank]) Receive();
            while (_sending.Count > 0) LetGo();
            NativeMemory.Free(_received);
        }
    }

    /// <summary>As of <see cref="IRollCall.Missing"/>.</summary>
    /// <param name="patience">How long to ask at most.</param>
    public IReadOnlyList<string> Missing(TimeSpan patience)
    {
        var start = Stopwatch.GetTimestamp();
        (_ofFirst, _ofSecond) = (null, null);
        for (var asked = false; ; Thread.Sleep(Pause))
        {
            Serve();
            var time = Stopwatch.GetElapsedTime(start);
            if (time < Settling) continue;
            if (_rank == First) return Lines(List());
            if (!asked) _asks = asked = true;
            if (_ofFirst is { } answer) return Lines(answer);
            if (time > patience) break;
        }
        // The first one does not answer, and the second one may know why.
        return Lines(_rank == Second ? List() : _ofSecond ?? "");
    }

    private static string[] Lines(string list) => list.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    // Of the ranks that this one knows about, those that do not wait, or are not heard of any more.
    private string List()
    {
        List<string> missing = [];
        foreach (var rank in _rank == First ? Enumerable.Range(0, _size) : [First])
        {
            var note = rank == _rank ? _own : _known[rank];
            var silent = rank == _rank ? TimeSpan.Zero : Stopwatch.GetElapsedTime(note?.Heard ?? 0);
            if (note is { Waits: true } && silent < Silence) continue;
            missing.Add($"rank {rank} (" + (note is null ? "never heard of)" : silent < Silence
                ? Text($"at {note.Doing} for {Stopwatch.GetElapsedTime(note.Since).TotalSeconds:0} s)")
                : Text($"last heard of at {note.Doing}, {silent.TotalSeconds:0} s ago)")));
        }
        var named = missing.Take(MostNamed);
        return string.Join('\n',
            missing.Count > MostNamed ? named.Append($"{missing.Count - MostNamed} more") : named);

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }

    private void Exchange()
    {
        Receive();
        var own = _own;
        var isNew = !ReferenceEquals(own, _told) || Stopwatch.GetElapsedTime(_toldAt) > Beat;
        if (isNew && _sending.Count < MostSending)
        {
            (_told, _toldAt) = (own, Stopwatch.GetTimestamp());
            _outgoing.Enqueue((_rank == First ? Second : First, own.Waits ? Kind.Waits : Kind.Does, own.Doing));
        }
        if (_asks)
        {
            _asks = false;
            if (_rank != First) _outgoing.Enqueue((First, Kind.Asks, ""));
            if (_rank != Second) _outgoing.Enqueue((Second, Kind.Asks, ""));
        }
        Send();
    }

    private void Receive()
    {
        while (_mpi.TryReceive((nint)_received, MessageBytes, Tag))
        {
            _receivedCount++;
            var head = new ReadOnlySpan<int>(_received, 2);
            var (kind, rank) = ((Kind)head[0], head[1]);
            var text = Encoding.UTF8.GetString(
                MemoryMarshal.CreateReadOnlySpanFromNullTerminated(_received + HeadBytes));
            if (rank < 0 || rank >= _size) continue;
            if (kind == Kind.Asks) _outgoing.Enqueue((rank, Kind.Answers, List()));
            else if (kind == Kind.Answers && rank == First) _ofFirst = text;
            else if (kind == Kind.Answers) _ofSecond = text;
            else Hear(rank, text, kind == Kind.Waits);
        }
    }

    private void Hear(int rank, string doing, bool waits)
    {
        var now = Stopwatch.GetTimestamp();
        var known = _known[rank];
        var since = known?.Doing == doing && known.Waits == waits ? known.Since : now;
        _known[rank] = new Note(doing, waits, since) { Heard = now };
    }

    private void Send()
    {
        LetGo();
        while (_outgoing.TryDequeue(out var next))
        {
            var message = (byte*)NativeMemory.AllocZeroed(MessageBytes);
            var text = new Span<byte>(message, MessageBytes)[HeadBytes..^1];
            (((int*)message)[0], ((int*)message)[1]) = ((int)next.Kind, _rank);
            // What does not fit is left out, and a zero ends the rest.
            Encoding.UTF8.GetEncoder().Convert(next.Text, text, flush: true, out _, out _, out _);
            _sentTo[next.Target]++;
            _sending.Add(
                (_mpi.SendBegin((nint)message, MessageBytes, next.Target, Tag, _mpi.Abi.World), (nint)message));
        }
    }

    // A message to a rank that was stopped keeps none to the others.
    private void LetGo() => _sending.RemoveAll(sent =>
    {
        var request = sent.Request;
        if (!_mpi.IsComplete(ref request)) return false;
        NativeMemory.Free((void*)sent.Message);
        return true;
    });

    private sealed record Note(string Doing, bool Waits, long Since)
    {
        // When it last came.
        public long Heard { get; init; }
    }
}
