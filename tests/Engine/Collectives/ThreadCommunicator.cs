using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using AmcEngine.Collectives;
using AmcEngine.Tensors;

namespace AmcEngine.Tests.Engine.Collectives;

/// <summary>
/// Ranks that are threads of this process, for tests of what ranks do together. Sums are taken in the order of ranks.
/// A collective is carried out when somebody waits for it, so that a result nobody has waited for is not there. A rank
/// that fails or ends early releases those that wait for it by a <see cref="CollectiveException"/>.
/// </summary>
internal sealed class ThreadCommunicator : ICommunicator
{
    private readonly ThreadGroup _group;

    internal ThreadCommunicator(ThreadGroup group, int rank) => (_group, Rank) = (group, rank);

    /// <inheritdoc/>
    public string Name => "threads of one process";

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size => _group.Size;

    /// <summary>
    /// Runs a body on ranks that are threads of their own, and returns what each has returned, in order.
    /// </summary>
    /// <remarks>
    /// What a rank throws is thrown here when all have ended; a rank that was only released by another's failure does
    /// not hide it. The body makes its own back end: tensors of different ranks share nothing.
    /// </remarks>
    public static T[] Run<T>(int ranks, Func<ICommunicator, T> body)
    {
        var (group, results, errors) = (new ThreadGroup(ranks), new T[ranks], new Exception?[ranks]);
        var threads = Enumerable.Range(0, ranks).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = body(new ThreadCommunicator(group, rank));
                group.End(rank);
            }
            catch (Exception e)
            {
                errors[rank] = e;
                group.Fail(rank, e);
            }
        })
        { Name = $"rank {rank}" }).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        if ((errors.FirstOrDefault(e => e is not null and not CollectiveException)
            ?? errors.FirstOrDefault(e => e is not null)) is { } error) ExceptionDispatchInfo.Throw(error);
        return results;
    }

    /// <summary>Runs a body on ranks that are threads of their own.</summary>
    public static void Run(int ranks, Action<ICommunicator> body) => Run(ranks, communicator =>
    {
        body(communicator);
        return 0;
    });

    /// <inheritdoc/>
    public CollectiveWork AllReduce(Tensor tensor, Reduction reduction = Reduction.Sum) =>
        Begin(new Request("all-reduce", $"{reduction} of {tensor.DType}{tensor.Shape}", all =>
            OnHost(tensor.DType, all, r => r.Source!, r => r.Source!, values =>
                Enumerable.Repeat(Reduce(values, reduction), values.Length)))
        { Source = tensor });

    /// <inheritdoc/>
    /// <remarks>The tensors of other ranks become NaN, so that nobody reads them.</remarks>
    public CollectiveWork Reduce(Tensor tensor, int root) =>
        Begin(new Request("reduce", $"{tensor.DType}{tensor.Shape} to rank {root}", all =>
            OnHost(tensor.DType, all, r => r.Source!, r => r.Source!, values =>
            {
                var sum = Reduce(values, Reduction.Sum);
                var nothing = Array.ConvertAll(sum, _ => double.NaN);
                return values.Select((_, rank) => rank == root ? sum : nothing);
            }))
        { Source = tensor });

    /// <inheritdoc/>
    public CollectiveWork ReduceScatter(Tensor source, Tensor target) =>
        Begin(new Request("reduce-scatter", $"{source.DType}{source.Shape} to {target.DType}{target.Shape}", all =>
            OnHost(source.DType, all, r => r.Source!, r => r.Target!, values =>
                Reduce(values, Reduction.Sum).Chunk(target.Count)))
        { Source = source, Target = target });

    /// <inheritdoc/>
    public CollectiveWork AllGather(Tensor source, Tensor target) =>
        Begin(new Request("all-gather", $"{source.DType}{source.Shape} to {target.DType}{target.Shape}", all =>
            OnHost(source.DType, all, r => r.Source!, r => r.Target!, values =>
                Enumerable.Repeat(values.SelectMany(v => v).ToArray(), values.Length)))
        { Source = source, Target = target });

    /// <inheritdoc/>
    public CollectiveWork AllToAll(Tensor source, int[] sent, Tensor target, int[] received) =>
        Begin(new Request("all-to-all", $"{source.DType} rows {source.Shape.With(0, 0)}", all =>
            OnHost(source.DType, all, r => r.Source!, r => r.Target!, values =>
            {
                var row = source.Shape.Dims[1..].ToArray().Aggregate(1, (size, extent) => size * extent);
                double[] For(int from, int to) =>
                    values[from][(row * all[from].Sent[..to].Sum())..(row * all[from].Sent[..(to + 1)].Sum())];
                return all.Select((_, to) => all.SelectMany((_, from) => For(from, to)).ToArray());
            }))
        { Source = source, Target = target, Sent = sent });

    /// <inheritdoc/>
    public CollectiveWork Broadcast(Tensor tensor, int root) =>
        Begin(new Request("broadcast", $"{tensor.DType}{tensor.Shape} from rank {root}", all =>
            OnHost(tensor.DType, all, r => r.Source!, r => r.Source!, values =>
                Enumerable.Repeat(values[root], values.Length)))
        { Source = tensor });

    /// <inheritdoc/>
    public void AllReduce(Span<double> values, Reduction reduction = Reduction.Sum)
    {
        var request = new Request("all-reduce on the host", $"{reduction} of {values.Length} numbers", all =>
        {
            var sum = Reduce([.. all.Select(r => MemoryMarshal.Cast<byte, double>(r.Bytes).ToArray())], reduction);
            foreach (var r in all) r.Results = [MemoryMarshal.AsBytes(sum.AsSpan()).ToArray()];
        })
        { Bytes = MemoryMarshal.AsBytes(values).ToArray() };
        Begin(request).Wait();
        MemoryMarshal.Cast<byte, double>(request.Results[0]).CopyTo(values);
    }

    /// <inheritdoc/>
    public byte[][] AllGather(ReadOnlySpan<byte> bytes)
    {
        var request = new Request("all-gather on the host", "", all =>
        {
            foreach (var r in all) r.Results = [.. all.Select(o => (byte[])o.Bytes.Clone())];
        })
        { Bytes = bytes.ToArray() };
        Begin(request).Wait();
        return request.Results;
    }

    /// <inheritdoc/>
    public void Barrier() => Begin(new Request("barrier", "", _ => { })).Wait();

    /// <inheritdoc/>
    public ICommunicator Split(int color, int key)
    {
        int[] own = [color, key];
        var all = AllGather(MemoryMarshal.AsBytes(own.AsSpan())).Select(
            (b, rank) => (Said: MemoryMarshal.Cast<byte, int>(b).ToArray(), Rank: rank)).ToArray();
        int[] members = [.. all.Where(m => m.Said[0] == color).OrderBy(m => m.Said[1]).ThenBy(m => m.Rank)
            .Select(m => m.Rank)];
        return new ThreadCommunicator(_group.Part(Rank, color, members.Length), Array.IndexOf(members, Rank));
    }

    /// <inheritdoc/>
    public void Abort(int exitCode)
    {
        var e = new CollectiveException($"rank {Rank} has aborted the job with exit code {exitCode}");
        _group.Fail(Rank, e);
        throw e;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private Work Begin(Request request) => new(_group, _group.Post(Rank, request));

    private static void OnHost(DType type, Request[] all, Func<Request, Tensor> from, Func<Request, Tensor> to,
        Func<double[][], IEnumerable<double[]>> combine)
    {
        // Sums of single precision are taken in double, in the order of ranks, and rounded once.
        var values = Array.ConvertAll(all, r => from(r).ToDoubles());
        foreach (var (request, result) in all.Zip(combine(values)))
        {
            if (result.Length != to(request).Count)
                throw new CollectiveException($"{request.Kind}: {result.Length} values for {to(request)}");
            Load(to(request), type, result);
        }
    }

    private static void Load(Tensor tensor, DType type, double[] values)
    {
        if (type == DType.F64) tensor.Load<double>(values);
        else if (type == DType.F32) tensor.Load<float>(Array.ConvertAll(values, v => (float)v));
        else tensor.Load<int>(Array.ConvertAll(values, v => (int)v));
    }

    private static double[] Reduce(double[][] values, Reduction reduction)
    {
        var result = (double[])values[0].Clone();
        foreach (var other in values[1..])
        {
            for (var i = 0; i < result.Length; i++)
            {
                result[i] = reduction switch
                {
                    Reduction.Max => Math.Max(result[i], other[i]),
                    Reduction.Min => Math.Min(result[i], other[i]),
                    _ => result[i] + other[i],
                };
            }
        }
        return result;
    }

    private sealed class Work(ThreadGroup group, int number) : CollectiveWork
    {
        public override void Wait() => group.Wait(number);
    }
}
