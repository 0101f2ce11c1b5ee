using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AmcEngine.Collectives;

/// <summary>
/// Tells the ranks of a group whether all have the same number, which is also where a rank waits for those that compute
/// longer, and lets other threads have the processor meanwhile; the library's own waiting takes all of it. In rounds,
/// each of which doubles the ranks that each one has heard of, by messages of 16 bytes (dissemination: Hensgen, Finkel,
/// Manber, "Two Algorithms for Barrier Synchronization", 1988). Where the size is no power of two some are heard of
/// twice, which the largest of numbers does not mind. All its members are for who may call MPI.
/// </summary>
internal sealed unsafe class MpiAgreement
{
    // Far from tags that programs use by habit.
    private const int Tag = 20_012;

    private const int Numbers = 4, Bytes = Numbers * sizeof(int);

    // How long to look for the others without a pause, beside what the call itself takes, and with short ones.
    private static readonly TimeSpan Awake = TimeSpan.FromMicroseconds(50), Long = TimeSpan.FromMilliseconds(20);

    // Ranks do not end a large call together, and who pauses then comes late to the next one. No library is faster.
    private const double BytesPerMicrosecond = 8000;
    private const int MostAwakeBytes = 8 << 20;

    private readonly MpiLibrary _mpi;
    private readonly nint _comm;
    private readonly int _rank, _size;

    // Not on a stack: where a rank gives up waiting, the library may still write there.
    private int* _own = (int*)NativeMemory.Alloc(2 * Bytes);

    /// <summary>The ranks of a communicator.</summary>
    public MpiAgreement(MpiLibrary mpi, nint comm, int rank, int size) =>
        (_mpi, _comm, _rank, _size) = (mpi, comm, rank, size);

    /// <summary>Served while this rank waits for the others; null for none.</summary>
    public RollCall? RollCall { get; set; }

    /// <summary>Returns when every rank is here, and tells whether all have the same number.</summary>
    /// <param name="number">The number.</param>
    /// <param name="bytes">Bytes that each rank sends next, which take a while.</param>
    /// <param name="patience">How long to wait.</param>
    /// <returns>Null where not all have come in that time; the group is of no use any more then.</returns>
    /// <exception cref="CollectiveException">MPI has failed.</exception>
    public bool? IsSame(ulong number, long bytes, TimeSpan patience)
    {
        var awake = Awake + TimeSpan.FromMicroseconds(Math.Min(bytes, MostAwakeBytes) / BytesPerMicrosecond);
        // The largest of a number and of its complement are complements of one another if all are equal.
        (_own[0], _own[1]) = ((int)number, ~(int)number);
        (_own[2], _own[3]) = ((int)(number >> 32), ~(int)(number >> 32));
        var other = _own + Numbers;
        for (var distance = 1; distance < _size; distance *= 2)
        {
            var receive = _mpi.ReceiveBegin((nint)other, Bytes, (_rank - distance + _size) % _size, Tag, _comm);
            var send = _mpi.SendBegin((nint)_own, Bytes, (_rank + distance) % _size, Tag, _comm);
            if (!Await(receive, awake, patience) || !Await(send, awake, patience)) return null;
            for (var i = 0; i < Numbers; i++) _own[i] = Math.Max(_own[i], other[i]);
        }
        return _own[0] == ~_own[1] && _own[2] == ~_own[3];
    }

    /// <summary>Gives its memory back.</summary>
    public void Release()
    {
        NativeMemory.Free(_own);
        _own = null;
    }

    private bool Await(nint request, TimeSpan awake, TimeSpan patience)
    {
        for (var start = Stopwatch.GetTimestamp(); !_mpi.IsComplete(ref request);)
        {
            var waited = Stopwatch.GetElapsedTime(start);
            if (waited > patience) return false;
            // A pause is never long beside what has been waited for already.
            if (waited > Long)
            {
                RollCall?.Serve();
                Thread.Sleep(1);
            }
            else if (waited > awake) ShortSleep.Once();
        }
        return true;
    }
}
