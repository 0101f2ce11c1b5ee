using System.Diagnostics;
using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>
/// A group of processes over MPI. Calls of the library are made in order, one at a time: by a thread of their own while
/// the caller computes, or by the caller where it waits anyway.
/// Tensors of the processor are worked on where they lie, those of a device in a copy on the host. Before each
/// collective the ranks find out whether they all call the same one. After an error nothing more can be done together:
/// all calls throw it, and disposing leaves the library as it is, so that the launcher ends the job.
/// </summary>
public sealed class MpiCommunicator : ICommunicator, IRollCall
{
    /// <summary>
    /// How long a rank that is disposing waits for the others to do so before it ends the job.
    /// </summary>
    internal static TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(60);

    // A rank may compute for as long as it likes; who watches for one that is stuck stands above.
    private static readonly TimeSpan Timeout = TimeSpan.MaxValue;

    // How long the library may take to end all processes before this one ends itself.
    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(10);

    // Exit code of a job that ends because a rank came to its end and the others did not.
    private const int LeftAlone = 1;

    private readonly MpiLibrary _mpi;
    private readonly CollectiveThread _thread;
    private readonly MpiGroup _group;
    private readonly bool _isWorld;
    private bool _disposed;

    private MpiCommunicator(MpiLibrary mpi, CollectiveThread thread, MpiGroup group, bool isWorld)
    {
        (_mpi, _thread, _group, _isWorld) = (mpi, thread, group, isWorld);
        (Rank, Size) = (group.Rank, group.Size);
    }

    /// <inheritdoc/>
    public string Name => _mpi.Name;

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>All processes of the job; disposing of it ends MPI, so that a process can do this once.</summary>
    /// <param name="library">The library.</param>
    /// <param name="launcher">Who has started the process.</param>
    /// <exception cref="CollectiveException">
    /// MPI cannot be started, or knows of another number of processes than the launcher.
    /// </exception>
    internal static MpiCommunicator Start(MpiLibrary library, Launcher launcher)
    {
        var thread = new CollectiveThread();
        MpiGroup? world = null;
        thread.Run(() =>
        {
            library.Initialize();
            thread.Lends = library.IsForAllThreads;
            world = new MpiGroup(library, library.Abi.World);
            if (launcher.Size != 0 && world.Size != launcher.Size) throw new CollectiveException(
                $"{launcher.Name} has started {launcher.Size} processes, but {library.Name} ({library.Path}) knows of "
                    + $"{world.Size}: the launcher belongs to another MPI; start them by that library's mpirun, or "
                    + $"name the launcher's library with {Launcher.LibraryVariable}");
            // Its messages go beside a sum in which a rank may be stopped.
            if (world.Size > 1 && library.IsForThreadsAtOnce)
                world.RollCall = new RollCall(library, world.Rank, world.Size);
        });
        return new MpiCommunicator(library, thread, world!, isWorld: true);
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The communicator is disposed of.</exception>
    public CollectiveWork AllReduce(Tensor tensor, Reduction reduction = Reduction.Sum) =>
        Post(Reducing(tensor, reduction));

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    /// <exception cref="ObjectDisposedException">The communicator is disposed of.</exception>
    public CollectiveWork Reduce(Tensor tensor, int root)
    {
        CollectiveShapes.CheckRoot(root, Size);
        var (count, type) = (tensor.Count, tensor.DType);
        var data = new HostOperand(tensor, reads: true, writes: root == Rank);
        return Post(new Collective(
            new CollectiveCall(CollectiveCall.Reduce, Root: root, Type: type, Shape: tensor.Shape),
            () => _group.Reduce(data.Address, count, type, root), data));
    }

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The target is not one of Size equal parts of the source.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    /// <exception cref="ObjectDisposedException">The communicator is disposed of.</exception>
    public CollectiveWork ReduceScatter(Tensor source, Tensor target) => Post(Scattering(source, target));

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The source is not one of Size equal parts of the target.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    /// <exception cref="ObjectDisposedException">The communicator is disposed of.</exception>
    public CollectiveWork AllGather(Tensor source, Tensor target) => Post(Gathering(source, target));

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The numbers of rows are not those of the tensors.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    /// <exception cref="ObjectDisposedException">The communicator is disposed of.</exception>
    public CollectiveWork AllToAll(Tensor source, int[] sent, Tensor target, int[] received)
    {
        CollectiveShapes.CheckRows(source, sent, target, received, Size);
        var (row, type) = (source.Shape.Product(1, source.Shape.Rank), source.DType);
        HostOperand from = new(source, reads: true, writes: false), to = new(target, reads: false, writes: true);
        return Post(new Collective(new CollectiveCall("all_to_all", Type: type, Shape: source.Shape.With(0, 0)),
            () => _group.AllToAll(from.Address, sent, to.Address, received, row, type), from, to));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    /// <exception cref="ObjectDisposedException">The communicator is disposed of.</exception>
    public CollectiveWork Broadcast(Tensor tensor, int root)
    {
        CollectiveShapes.CheckRoot(root, Size);
        var (count, type) = (tensor.Count, tensor.DType);
        var data = new HostOperand(tensor, reads: root == Rank, writes: root != Rank);
        return Post(new Collective(new CollectiveCall("broadcast", Root: root, Type: type, Shape: tensor.Shape),
            () => _group.Broadcast(data.Address, count, type, root), data));
    }

    /// <inheritdoc/>
    /// <exception cref="CollectiveException">It has failed, or something before it.</exception>
    /// <exception cref="ObjectDisposedException">The communicator is disposed of.</exception>
    public void AllReduceNow(Tensor tensor, Reduction reduction = Reduction.Sum) => Run(Reducing(tensor, reduction));

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The target is not one of Size equal parts of the source.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    /// <exception cref="CollectiveException">It has failed, or something before it.</exception>
    /// <exception cref="ObjectDisposedException">The communicator is disposed of.</exception>
    public void ReduceScatterNow(Tensor source, Tensor target) => Run(Scattering(source, target));

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The source is not one of Size equal parts of the target.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    /// <exception cref="CollectiveException">It has failed, or something before it.</exception>
    /// <exception cref="ObjectDisposedException">The communicator is disposed of.</exception>
    public void AllGatherNow(Tensor source, Tensor target) => Run(Gathering(source, target));

    /// <inheritdoc/>
    /// <exception cref="CollectiveException">It has failed, or something before it.</exception>
    public unsafe void AllReduce(Span<double> values, Reduction reduction = Reduction.Sum)
    {
        var copy = values.ToArray();
        Run(new CollectiveCall("all_reduce", reduction, Count: copy.Length), () =>
        {
            fixed (double* data = copy) _group.AllReduce((nint)data, copy.Length, DType.F64, reduction);
        });
        copy.CopyTo(values);
    }

    /// <inheritdoc/>
    /// <exception cref="CollectiveException">It has failed, or something before it.</exception>
    public byte[][] AllGather(ReadOnlySpan<byte> bytes)
    {
        var mine = bytes.ToArray();
        byte[][] all = [];
        Run(new CollectiveCall("all_gather of bytes"), () => all = _group.Gather(mine));
        return all;
    }

    /// <inheritdoc/>
    /// <exception cref="CollectiveException">Something before it has failed.</exception>
    // To agree is to wait for all.
    public void Barrier() => Run(new CollectiveCall("barrier"), () => { });

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The colour is negative.</exception>
    /// <exception cref="CollectiveException">It has failed, or something before it.</exception>
    public ICommunicator Split(int color, int key)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(color);
        MpiGroup? part = null;
        Run(new CollectiveCall("split"), () => part = _group.Split(color, key));
        return new MpiCommunicator(_mpi, _thread, part!, isWorld: false);
    }

    /// <inheritdoc/>
    /// <remarks>Of the world; parts of it tell nothing.</remarks>
    public void Tell(string doing, bool waits)
    {
        if (!_isWorld || _group.RollCall is not { } roll) return;
        roll.Set(doing, waits);
        roll.Serve();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Missing(TimeSpan patience) =>
        _isWorld && _group.RollCall is { } roll ? roll.Missing(patience) : [];

    /// <inheritdoc/>
    public void Abort(int exitCode)
    {
        ProcessEnd.After(AbortPatience, exitCode);
        _mpi.Abort(exitCode);
        ProcessEnd.Now(exitCode);
    }

    /// <summary>
    /// Leaves the group; of the world, ends MPI, for which all ranks must do so. After an error it ends nothing and
    /// waits for nobody.
    /// </summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (_thread.Failure is null)
        {
            try
            {
                // MPI is ended by the thread that has begun it.
                if (_isWorld) _thread.RunThere(Leave);
                else _thread.Run(_group.Release);
            }
            catch (Exception e) when (e is CollectiveException or ObjectDisposedException)
            {
                // Whoever failed has been told; a part may outlive the world.
            }
        }
        if (_isWorld) _thread.End(wait: _thread.Failure is null);
    }

    /// <summary>Most bytes of all ranks together that one call gathers.</summary>
    internal long LargestGather
    {
        get => _group.LargestGather;
        set => _group.LargestGather = value;
    }

    private static CollectiveCall Call(string name, Tensor tensor, Reduction? reduction = null) =>
        new(name, reduction, Type: tensor.DType, Shape: tensor.Shape);

    private Collective Reducing(Tensor tensor, Reduction reduction)
    {
        var (count, type, data) = (tensor.Count, tensor.DType, new HostOperand(tensor, reads: true, writes: true));
        return new Collective(Call("all_reduce", tensor, reduction),
            () => _group.AllReduce(data.Address, count, type, reduction), data);
    }

    private Collective Scattering(Tensor source, Tensor target)
    {
        CollectiveShapes.CheckParts("reduce_scatter", source, target, Size);
        var (count, type) = (target.Count, target.DType);
        HostOperand from = new(source, reads: true, writes: false), to = new(target, reads: false, writes: true);
        return new Collective(Call("reduce_scatter", source),
            () => _group.ReduceScatter(from.Address, to.Address, count, type), from, to);
    }

    private Collective Gathering(Tensor source, Tensor target)
    {
        CollectiveShapes.CheckParts("all_gather", target, source, Size);
        var (count, type) = (source.Count, source.DType);
        HostOperand from = new(source, reads: true, writes: false), to = new(target, reads: false, writes: true);
        return new Collective(Call("all_gather", source),
            () => _group.AllGather(from.Address, to.Address, count, type), from, to);
    }

    private void Leave()
    {
        bool all;
        try
        {
            all = _group.Agree(new CollectiveCall("the end of the job"), Patience);
        }
        catch (CollectiveException e)
        {
            // The others have been told the same. Whoever disposes may have an error of its own to tell.
            Console.Error.WriteLine($"error: rank {Rank} has ended and other ranks go on: {e.Message}");
            throw;
        }
        if (!all)
        {
            Console.Error.WriteLine($"error: rank {Rank} has ended and other ranks have not within "
                + $"{Patience.TotalSeconds:0} s, so the job is ended; see what they or this rank have said before");
            Abort(LeftAlone);
        }
        _group.RollCall?.Close();
        _group.Release();
        _mpi.Complete();
    }

    private CollectiveWork Post(Collective collective)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _thread.Post(() => Make(collective.Call, collective.Work), collective.Finish);
    }

    private void Run(Collective collective)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _thread.Run(() => Make(collective.Call, collective.Work), collective.Finish);
    }

    private void Run(CollectiveCall call, Action work)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _thread.Run(() => Make(call, work));
    }

    private void Make(in CollectiveCall call, Action work)
    {
        _group.Agree(call, Timeout);
        _thread.NoteBegin();
        work();
    }

    // A call, what does it, and the tensors that it holds meanwhile.
    private sealed record Collective(CollectiveCall Call, Action Work, params HostOperand[] Operands)
    {
        public void Finish(bool succeeded) => Array.ForEach(Operands, o => o.Finish(succeeded));
    }
}
