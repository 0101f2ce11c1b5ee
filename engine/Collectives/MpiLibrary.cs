using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace AmcEngine.Collectives;

/// <summary>
/// An MPI library, found at run time. Between <see cref="Initialize"/> and <see cref="Complete"/>, which a process
/// calls once, all calls are made by the thread that has initialised it, where <see cref="IsForAllThreads"/> by any one
/// at a time, and where <see cref="IsForThreadsAtOnce"/> by several; <see cref="Abort"/> may come from any at any time.
/// </summary>
internal sealed unsafe partial class MpiLibrary
{
    // Longest text of a version or an error in either family, with room for later ones.
    private const int LongestText = 16384;

    // MPI_THREAD_FUNNELED: the process has other threads, and only the one that initialises MPI calls it.
    // MPI_THREAD_SERIALIZED: any of them calls it, one at a time. MPI_THREAD_MULTIPLE: several at once.
    private const int Funneled = 1, Serialized = 2, Multiple = 3;

    private readonly nint _handle;
    private readonly delegate* unmanaged[Cdecl]<byte*, int*, int> _getLibraryVersion;
    private readonly delegate* unmanaged[Cdecl]<nint, nint, int, int*, int> _initThread;
    private readonly delegate* unmanaged[Cdecl]<int> _finalize;
    private readonly delegate* unmanaged[Cdecl]<nint, int, int> _abort;
    private readonly delegate* unmanaged[Cdecl]<int, byte*, int*, int> _errorString;
    private readonly delegate* unmanaged[Cdecl]<nint, nint, int> _setErrorHandler;
    private readonly delegate* unmanaged[Cdecl]<nint, int*, int> _rank, _size;
    private readonly delegate* unmanaged[Cdecl]<nint, int, int, nint*, int> _split;
    private readonly delegate* unmanaged[Cdecl]<nint*, int> _free;
    private readonly delegate* unmanaged[Cdecl]<nint, nint, int, nint, nint, nint, int> _allReduce;
    private readonly delegate* unmanaged[Cdecl]<nint, nint, int*, nint, nint, nint, int> _reduceScatter;
    private readonly delegate* unmanaged[Cdecl]<nint, nint, int, nint, nint, int, nint, int> _reduce;
    private readonly delegate* unmanaged[Cdecl]<nint, int, nint, int, nint, int> _broadcast;
    private readonly delegate* unmanaged[Cdecl]<nint, int, nint, nint, int, nint, nint, int> _allGather;
    private readonly delegate* unmanaged[Cdecl]<nint, int, nint, nint, int*, int*, nint, nint, int> _allGatherV;
    private readonly delegate* unmanaged[Cdecl]<nint, int*, int*, nint, nint, int*, int*, nint, nint, int> _allToAllV;
    private readonly delegate* unmanaged[Cdecl]<nint*, int*, nint, int> _test;
    private readonly delegate* unmanaged[Cdecl]<nint, int, nint, int, int, nint, nint*, int> _sendBegin, _receiveBegin;
    private readonly delegate* unmanaged[Cdecl]<int, int, nint, int*, nint, int> _probe;
    private readonly delegate* unmanaged[Cdecl]<nint, int, nint, int, int, nint, nint, int> _receive;

    private MpiLibrary(nint handle, string path)
    {
        _handle = handle;
        Path = path;
        _getLibraryVersion = (delegate* unmanaged[Cdecl]<byte*, int*, int>)Export("MPI_Get_library_version");
        var version = Text((text, length) => _getLibraryVersion((byte*)text, (int*)length));
        Name = ShortName(version);
        Abi = MpiAbi.Of(handle, version) ?? throw new CollectiveException(
            $"{path} is \"{Name}\": only Open MPI, MPICH and what shares MPICH's binary interface are known; name "
                + $"another library with {Launcher.LibraryVariable}");
        _initThread = (delegate* unmanaged[Cdecl]<nint, nint, int, int*, int>)Export("MPI_Init_thread");
        _finalize = (delegate* unmanaged[Cdecl]<int>)Export("MPI_Finalize");
        _abort = (delegate* unmanaged[Cdecl]<nint, int, int>)Export("MPI_Abort");
        _errorString = (delegate* unmanaged[Cdecl]<int, byte*, int*, int>)Export("MPI_Error_string");
        _setErrorHandler = (delegate* unmanaged[Cdecl]<nint, nint, int>)Export("MPI_Comm_set_errhandler");
        _rank = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_rank");
        _size = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_size");
        _split = (delegate* unmanaged[Cdecl]<nint, int, int, nint*, int>)Export("MPI_Comm_split");
        _free = (delegate* unmanaged[Cdecl]<nint*, int>)Export("MPI_Comm_free");
        _allReduce = (delegate* unmanaged[Cdecl]<nint, nint, int, nint, nint, nint, int>)Export("MPI_Allreduce");
        _reduceScatter = (delegate* unmanaged[Cdecl]<nint, nint, int*, nint, nint, nint, int>)Export(
            "MPI_Reduce_scatter");
        _reduce = (delegate* unmanaged[Cdecl]<nint, nint, int, nint, nint, int, nint, int>)Export("MPI_Reduce");
        _broadcast = (delegate* unmanaged[Cdecl]<nint, int, nint, int, nint, int>)Export("MPI_Bcast");
        _allGather = (delegate* unmanaged[Cdecl]<nint, int, nint, nint, int, nint, nint, int>)Export("MPI_Allgather");
        _allGatherV = (delegate* unmanaged[Cdecl]<nint, int, nint, nint, int*, int*, nint, nint, int>)Export(
            "MPI_Allgatherv");
        _allToAllV = (delegate* unmanaged[Cdecl]<nint, int*, int*, nint, nint, int*, int*, nint, nint, int>)Export(
            "MPI_Alltoallv");
        _test = (delegate* unmanaged[Cdecl]<nint*, int*, nint, int>)Export("MPI_Test");
        _sendBegin = (delegate* unmanaged[Cdecl]<nint, int, nint, int, int, nint, nint*, int>)Export("MPI_Isend");
        _receiveBegin =
            (delegate* unmanaged[Cdecl]<nint, int, nint, int, int, nint, nint*, int>)Export("MPI_Irecv");
        _probe = (delegate* unmanaged[Cdecl]<int, int, nint, int*, nint, int>)Export("MPI_Iprobe");
        _receive = (delegate* unmanaged[Cdecl]<nint, int, nint, int, int, nint, nint, int>)Export("MPI_Recv");
    }

    /// <summary>What was loaded.</summary>
    public string Path { get; }

    /// <summary>Name and version, for people.</summary>
    public string Name { get; }

    /// <summary>Its constants.</summary>
    public MpiAbi Abi { get; }

    /// <summary>Whether any thread may call it, one at a time; known once it is initialised.</summary>
    public bool IsForAllThreads { get; private set; }

    /// <summary>Whether several threads may call it at once; known once it is initialised.</summary>
    public bool IsForThreadsAtOnce { get; private set; }

    /// <summary>Loads the library that belongs to the launcher.</summary>
    /// <param name="launcher">Who has started the process.</param>
    /// <param name="named">The library that the user names; null for the launcher's usual names.</param>
    /// <exception cref="CollectiveException">
    /// It cannot be loaded, is no MPI library, or is not that of the launcher, so that every process would believe it
    /// is alone.
    /// </exception>
    public static MpiLibrary Load(Launcher launcher, string? named)
    {
        var paths = named is { Length: > 0 } ? [named] : Names(launcher.Family);
        List<string> reasons = [];
        foreach (var path in paths)
        {
            var handle = GlobalLibrary.Load(path, out var reason);
            if (handle == 0)
            {
                reasons.Add(reason);
                continue;
            }
            var library = new MpiLibrary(handle, path);
            if (launcher.Family is { } family && family != library.Abi.Family) throw new CollectiveException(
                $"{launcher.Name} has started this process, but {path} is {library.Name}: every process would believe "
                    + $"it is alone; start them by that library's mpirun, or name the launcher's library with "
                    + $"{Launcher.LibraryVariable}");
            return library;
        }
        throw new CollectiveException(named is { Length: > 0 }
            ? $"{Launcher.LibraryVariable} names {named}, which cannot be loaded ({reasons[0]}); give the path of an "
                + "MPI library, or unset it"
            : $"{launcher.Name} has started this process, but no MPI library of it can be loaded (tried "
                + $"{string.Join(", ", paths)}); install it, or give its path with {Launcher.LibraryVariable}");
    }

    /// <summary>Initialises MPI on this thread.</summary>
    /// <exception cref="CollectiveException">It does not allow other threads in the process.</exception>
    public void Initialize()
    {
        // Its loops that wait then let threads that compute have the processor, as MPICH's do. What a user says stays.
        if (Abi.Family == MpiFamily.OpenMpi) _ = SetVariable("OMPI_MCA_mpi_yield_when_idle", "1", overwrite: 0);
        int provided;
        Check(_initThread(0, 0, Multiple, &provided), "MPI_Init_thread");
        if (provided < Funneled) throw new CollectiveException(
            $"{Name} ({Path}) allows one thread a process only; use a build with thread support");
        (IsForAllThreads, IsForThreadsAtOnce) = (provided >= Serialized, provided >= Multiple);
        SetErrorsReturn(Abi.World);
    }

    /// <summary>MPI_Finalize.</summary>
    public void Complete() => Check(_finalize(), "MPI_Finalize");

    /// <summary>Ends all processes of the job, from any thread.</summary>
    public void Abort(int exitCode) => _ = _abort(Abi.World, exitCode);

    /// <summary>Rank and size in a communicator.</summary>
    public (int Rank, int Size) Place(nint comm)
    {
        int rank, size;
        Check(_rank(comm, &rank), "MPI_Comm_rank");
        Check(_size(comm, &size), "MPI_Comm_size");
        return (rank, size);
    }

    /// <summary>MPI_Comm_split; errors of the new communicator are returned.</summary>
    public nint Split(nint comm, int color, int key)
    {
        // MPICH writes the lower half only.
        nint made = 0;
        Check(_split(comm, color, key, &made), "MPI_Comm_split");
        SetErrorsReturn(made);
        return made;
    }

    /// <summary>MPI_Comm_free.</summary>
    public void Free(nint comm) => Check(_free(&comm), "MPI_Comm_free");

    /// <summary>MPI_Allreduce in place.</summary>
    public void AllReduce(nint data, int count, nint type, nint op, nint comm) =>
        Check(_allReduce(Abi.InPlace, data, count, type, op, comm), "MPI_Allreduce");

    /// <summary>Whether a request is complete, at once.</summary>
    public bool IsComplete(ref nint request)
    {
        int done;
        fixed (nint* r = &request) Check(_test(r, &done, Abi.StatusIgnore), "MPI_Test");
        return done != 0;
    }

    /// <summary>MPI_Reduce; the target counts on the root alone.</summary>
    public void Reduce(nint source, nint target, int count, nint type, nint op, int root, nint comm) =>
        Check(_reduce(source, target, count, type, op, root, comm), "MPI_Reduce");

    /// <summary>
    /// MPI_Reduce_scatter; so many elements are left on each rank. (MPI_Reduce_scatter_block, which takes one count for
    /// all, is up to thirty times as slow in Open MPI 4.1.)
    /// </summary>
    public void ReduceScatter(nint source, nint target, ReadOnlySpan<int> counts, nint type, nint op, nint comm)
    {
        fixed (int* counted = counts)
            Check(_reduceScatter(source, target, counted, type, op, comm), "MPI_Reduce_scatter");
    }

    /// <summary>MPI_Bcast.</summary>
    public void Broadcast(nint data, int count, nint type, int root, nint comm) =>
        Check(_broadcast(data, count, type, root, comm), "MPI_Bcast");

    /// <summary>MPI_Allgather of <paramref name="count"/> elements a rank.</summary>
    public void AllGather(nint source, nint target, int count, nint type, nint comm) =>
        Check(_allGather(source, count, type, target, count, type, comm), "MPI_Allgather");

    /// <summary>MPI_Allgatherv of bytes.</summary>
    public void AllGather(
        nint source, int count, nint target, ReadOnlySpan<int> counts, ReadOnlySpan<int> starts, nint comm)
    {
        fixed (int* counted = counts, started = starts)
            Check(_allGatherV(source, count, Abi.Byte, target, counted, started, Abi.Byte, comm), "MPI_Allgatherv");
    }

    /// <summary>MPI_Alltoallv of elements that lie one rank's after the other's.</summary>
    public void AllToAll(
        nint source, ReadOnlySpan<int> sent, nint target, ReadOnlySpan<int> received, nint type, nint comm)
    {
        fixed (int* to = sent, from = received, toStarts = Starts(sent), fromStarts = Starts(received))
            Check(_allToAllV(source, to, toStarts, type, target, from, fromStarts, type, comm), "MPI_Alltoallv");
    }

    /// <summary>Where the parts of so many elements begin.</summary>
    public static int[] Starts(ReadOnlySpan<int> counts)
    {
        var starts = new int[counts.Length];
        for (var r = 1; r < starts.Length; r++) starts[r] = starts[r - 1] + counts[r - 1];
        return starts;
    }

    /// <summary>MPI_Isend of bytes, which stay where they are until <see cref="IsComplete"/>.</summary>
    /// <returns>The request.</returns>
    public nint SendBegin(nint data, int bytes, int target, int tag, nint comm)
    {
        nint request = 0;
        Check(_sendBegin(data, bytes, Abi.Byte, target, tag, comm, &request), "MPI_Isend");
        return request;
    }

    /// <summary>MPI_Irecv of bytes, which come until <see cref="IsComplete"/>.</summary>
    /// <returns>The request.</returns>
    public nint ReceiveBegin(nint data, int bytes, int source, int tag, nint comm)
    {
        nint request = 0;
        Check(_receiveBegin(data, bytes, Abi.Byte, source, tag, comm, &request), "MPI_Irecv");
        return request;
    }

    /// <summary>Receives bytes from any rank; false where none are there.</summary>
    public bool TryReceive(nint data, int bytes, int tag)
    {
        int there;
        Check(_probe(Abi.AnySource, tag, Abi.World, &there, Abi.StatusIgnore), "MPI_Iprobe");
        if (there == 0) return false;
        Check(_receive(data, bytes, Abi.Byte, Abi.AnySource, tag, Abi.World, Abi.StatusIgnore), "MPI_Recv");
        return true;
    }

    // The runtime's own way to set a variable does not reach native libraries.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    private static string[] Names(MpiFamily? family)
    {
        string[] open = ["libmpi.so.40", "libmpi.so"], mpich = ["libmpich.so.12", "libmpi.so.12", "libmpi.so"];
        return family switch
        {
            MpiFamily.OpenMpi => open,
            MpiFamily.Mpich => mpich,
            _ => [.. open.Union(mpich)],
        };
    }

    private void SetErrorsReturn(nint comm) =>
        Check(_setErrorHandler(comm, Abi.ErrorsReturn), "MPI_Comm_set_errhandler");

    private void Check(int code, string call)
    {
        if (code == 0) return;
        var text = Text((error, length) => _errorString(code, (byte*)error, (int*)length));
        throw new CollectiveException($"{call} of {Name} failed: {Spaces().Replace(text, " ").Trim()}; see whether a "
            + "process of the job or the network is gone, and resume from the last checkpoint");
    }

    private nint Export(string name) => NativeLibrary.TryGetExport(_handle, name, out var address)
        ? address
        : throw new CollectiveException($"{Path} is no MPI library of version 3.0 or later (it has no {name}); give "
            + $"another with {Launcher.LibraryVariable}");

    private static string Text(Action<nint, nint> call)
    {
        var text = stackalloc byte[LongestText];
        var length = 0;
        text[0] = 0;
        call((nint)text, (nint)(&length));
        return Marshal.PtrToStringUTF8((nint)text, Math.Clamp(length, 0, LongestText)).TrimEnd('\0');
    }

    // "Open MPI v4.1.4, package: …" and "MPICH Version:\t4.0.2\n…".
    private static string ShortName(string version) => Spaces().Replace(
        version.Split('\n', ',')[0].Replace("Version:", " ", StringComparison.Ordinal), " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
