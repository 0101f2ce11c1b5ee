using System.Runtime.InteropServices;
using System.Text;
using AmcEngine.Backends;
using AmcEngine.Bench.Harness;
using AmcEngine.Collectives;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Collectives;

/// <summary>
/// Every collective against what its definition gives, on all ranks of a job. A line a check; one that fails says on
/// which rank and why.
/// </summary>
internal static class CollectiveChecks
{
    // None, fewer than ranks, odd ones, and lengths at which libraries take other ways.
    private static readonly int[] Counts = [0, 3, 1000, 300_001];

    // Of the values; a prime.
    private const int Period = 101;

    private static readonly DType[] Types = [DType.F32, DType.F64, DType.I32];

    /// <summary>All checks, by name.</summary>
    public static IReadOnlyList<(string Name, Action<ICommunicator, IBackend> Check)> All { get; } =
    [
        ("all_reduce", AllReduce),
        ("same bits on all ranks", SameBits),
        ("reduce", Reduce),
        ("reduce_scatter", ReduceScatter),
        ("all_gather", AllGather),
        ("all_to_all", AllToAll),
        ("broadcast", Broadcast),
        ("part of a tensor", Part),
        ("values on the host", HostValues),
        ("bytes of different lengths", Bytes),
        ("many at a time", Overlapping),
        ("barrier", Barrier),
        ("groups", Groups),
    ];

    /// <summary>Runs all on an open device; rank 0 writes.</summary>
    /// <returns>0 where all hold, else 1.</returns>
    public static int Run(ICommunicator communicator, IBackend backend, TextWriter output)
    {
        if (communicator.Rank == 0)
            output.WriteLine($"{communicator.Name}, {communicator.Size} ranks, {backend.Device.Id}");
        var failed = 0;
        foreach (var (name, check) in All)
        {
            var message = "";
            try
            {
                using var scope = MemoryScope.Begin();
                check(communicator, backend);
            }
            catch (BenchException e)
            {
                message = e.Message;
            }
            var messages = communicator.AllGather(Encoding.UTF8.GetBytes(message));
            var bad = Array.FindIndex(messages, m => m.Length > 0);
            if (bad >= 0) failed++;
            if (communicator.Rank != 0) continue;
            output.WriteLine(bad < 0
                ? $"ok: {name}"
                : $"failed: {name}: rank {bad}: {Encoding.UTF8.GetString(messages[bad])}");
        }
        return failed == 0 ? 0 : 1;
    }

    private static void AllReduce(ICommunicator c, IBackend backend)
    {
        foreach (var type in Types)
            foreach (var count in Counts)
                foreach (var reduction in Enum.GetValues<Reduction>())
                {
                    using var t = Filled(type, [count], i => Value(c.Rank, i), backend);
                    c.AllReduce(t, reduction).Wait();
                    Expect(t, Reduced(reduction, Ranks(c)), $"{reduction} of {count} {type}");
                }
    }

    private static void Reduce(ICommunicator c, IBackend backend)
    {
        foreach (var type in Types)
            foreach (var count in Counts)
                for (var root = 0; root < c.Size; root++)
                {
                    using var t = Filled(type, [count], i => Value(c.Rank, i), backend);
                    c.Reduce(t, root).Wait();
                    if (c.Rank == root) Expect(t, Reduced(Reduction.Sum, Ranks(c)), $"{count} {type} to {root}");
                }
    }

    // Sums that depend on the order, and zeros of either sign, of which neither is the larger.
    private static void SameBits(ICommunicator c, IBackend backend)
    {
        foreach (var count in new[] { 7, 4099, 400_001 })
        {
            var random = new Random(c.Rank);
            var values = new float[count];
            for (var i = 0; i < count; i++) values[i] = (float)((random.NextDouble() - 0.5) * Math.Pow(10, i % 9));
            var first = Reduced(values, Reduction.Sum);
            Same(first, $"sum of {count}");
            if (!first.AsSpan().SequenceEqual(Reduced(values, Reduction.Sum)))
                throw new BenchException($"sum of {count}: other bits when summed again");
            Array.Fill(values, c.Rank % 2 == 0 ? 0f : -0f);
            Same(Reduced(values, Reduction.Max), $"max of {count} zeros");
            Same(Reduced(values, Reduction.Min), $"min of {count} zeros");
        }
        // A length that was not summed yet, with NaNs of which each rank has another: no error, and a NaN.
        var broken = new float[777];
        Array.Fill(broken, BitConverter.UInt32BitsToSingle(0x7fc00000u + (uint)c.Rank));
        if (!MemoryMarshal.Cast<byte, float>(Reduced(broken, Reduction.Sum)).ToArray().All(float.IsNaN))
            throw new BenchException("a sum of NaNs is a number");
        Array.Clear(broken);
        Same(Reduced(broken, Reduction.Sum), "the same length once more");

        byte[] Reduced(float[] values, Reduction reduction)
        {
            using var t = Tensor.From(values, [values.Length], backend);
            c.AllReduce(t, reduction).Wait();
            return MemoryMarshal.AsBytes(t.ToArray<float>().AsSpan()).ToArray();
        }

        void Same(byte[] bits, string what)
        {
            var all = c.AllGather(bits);
            if (!all.All(b => b.AsSpan().SequenceEqual(all[0]))) throw new BenchException($"{what}: bits differ");
        }
    }

    private static void ReduceScatter(ICommunicator c, IBackend backend)
    {
        foreach (var type in Types)
            foreach (var n in new[] { 0, 1, 5, 3001 })
            {
                using var source = Filled(type, [c.Size * n, 3], i => Value(c.Rank, i), backend);
                using var target = Tensor.Empty([n, 3], type, backend);
                c.ReduceScatter(source, target).Wait();
                var sum = Reduced(Reduction.Sum, Ranks(c));
                Expect(target, i => sum(3 * n * c.Rank + i), $"{n} rows {type}");
                Expect(source, i => Value(c.Rank, i), "the source");
            }
        ExpectRefusal(() => c.ReduceScatter(
            Tensor.Zeros([3 * c.Size], DType.F32, backend), Tensor.Zeros([2], DType.F32, backend)));
    }

    private static void AllGather(ICommunicator c, IBackend backend)
    {
        foreach (var type in Types)
            foreach (var n in new[] { 0, 1, 5, 3001 })
            {
                using var source = Filled(type, [n, 3], i => Value(c.Rank, i), backend);
                using var target = Tensor.Empty([c.Size * n, 3], type, backend);
                c.AllGather(source, target).Wait();
                Expect(target, i => Value(i / (3 * n), i % (3 * n)), $"{n} rows {type}");
            }
        ExpectRefusal(() => c.AllGather(
            Tensor.Zeros([2], DType.F32, backend), Tensor.Zeros([2 * c.Size], DType.F64, backend)));
    }

    // Some ranks send others no rows, and get some from them. In the second round rows are long.
    private static void AllToAll(ICommunicator c, IBackend backend)
    {
        foreach (var (type, row) in new[] { (DType.F32, 2), (DType.F64, 30_001), (DType.I32, 5) })
        {
            static int Rows(int from, int to) => (from + 2 * to) % 3;
            int[] sent = [.. Ranks(c).Select(to => Rows(c.Rank, to))],
                received = [.. Ranks(c).Select(from => Rows(from, c.Rank))];
            using var source = Filled(type, [sent.Sum(), row], i => Value(c.Rank, i), backend);
            using var target = Tensor.Empty([received.Sum(), row], type, backend);
            c.AllToAll(source, sent, target, received).Wait();
            double[] expected = [.. Ranks(c).SelectMany(from =>
            {
                var before = Enumerable.Range(0, c.Rank).Sum(to => Rows(from, to)) * row;
                return Enumerable.Range(before, Rows(from, c.Rank) * row).Select(i => Value(from, i));
            })];
            Expect(target, i => expected[i], $"rows of {row} {type}");
        }
        var counts = new int[c.Size];
        ExpectRefusal(() => c.AllToAll(
            Tensor.Zeros([1, 2], DType.F32, backend), counts, Tensor.Zeros([0, 2], DType.F32, backend), counts));
    }

    private static void Broadcast(ICommunicator c, IBackend backend)
    {
        foreach (var (type, count) in Types.Zip(Counts[1..]))
            for (var root = 0; root < c.Size; root++)
            {
                using var t = Filled(type, [count], i => Value(c.Rank, i), backend);
                c.Broadcast(t, root).Wait();
                var from = root;
                Expect(t, i => Value(from, i), $"{count} {type} from {root}");
            }
    }

    // A tensor that begins within its memory: what lies around it stays.
    private static void Part(ICommunicator c, IBackend backend)
    {
        using var all = Filled(DType.F32, [c.Size + 2, 2], _ => -1, backend);
        using (var own = all.Share([1, 2], default, 2 * (c.Rank + 1)))
        {
            own.Load<float>([c.Rank, 10 + c.Rank]);
            using var middle = all.Share([c.Size, 2], default, 2);
            // The own rows lie where they belong.
            c.AllGather(own, middle).Wait();
        }
        Expect(all, i => i < 2 || i >= 2 * (c.Size + 1) ? -1 : i / 2 - 1 + 10 * (i % 2), "rows in their place");
        using (var middle = all.Share([c.Size, 2], default, 2)) c.AllReduce(middle).Wait();
        Expect(all, i => i < 2 || i >= 2 * (c.Size + 1) ? -1 : c.Size * (i / 2 - 1 + 10 * (i % 2)),
            "a sum in the middle");
    }

    private static void HostValues(ICommunicator c, IBackend backend)
    {
        foreach (var reduction in Enum.GetValues<Reduction>())
        {
            double[] values = [c.Rank + 0.5, -c.Rank];
            c.AllReduce(values, reduction);
            for (var i = 0; i < 2; i++)
            {
                var expected = Reduce(reduction, Ranks(c).Select(r => i == 0 ? r + 0.5 : -r));
                if (values[i] != expected) throw new BenchException($"{reduction}: {values[i]}, not {expected}");
            }
        }
        c.AllReduce(Span<double>.Empty);
    }

    private static void Bytes(ICommunicator c, IBackend backend)
    {
        Gather();
        // As if they were more than a count can say.
        if (c is not MpiCommunicator mpi) return;
        var largest = mpi.LargestGather;
        mpi.LargestGather = 100;
        Gather();
        mpi.LargestGather = largest;

        void Gather()
        {
            // Rank 0 has none.
            var all = c.AllGather(Of(c.Rank));
            for (var r = 0; r < c.Size; r++)
                if (!all[r].AsSpan().SequenceEqual(Of(r))) throw new BenchException($"the bytes of rank {r} differ");
        }

        byte[] Of(int rank)
        {
            var bytes = new byte[rank * 1001];
            for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)(i * 7 + rank);
            return bytes;
        }
    }

    // Waited for from the last to the first; of every other one the handle is gone by then.
    private static void Overlapping(ICommunicator c, IBackend backend)
    {
        const int count = 50;
        var tensors = new Tensor?[count];
        var works = new CollectiveWork[count];
        for (var k = 0; k < count; k++)
        {
            var (t, n) = (k, 1 + 97 * k % 5000);
            tensors[k] = Filled(DType.F32, [n], i => Value(c.Rank, i + t), backend);
            works[k] = c.AllReduce(tensors[k]!);
            if (k % 2 == 0) continue;
            tensors[k]!.Dispose();
            tensors[k] = null;
        }
        var sum = Reduced(Reduction.Sum, Ranks(c));
        for (var k = count - 1; k >= 0; k--)
        {
            works[k].Wait();
            works[k].Wait();
            var t = k;
            if (tensors[k] is { } tensor) Expect(tensor, i => sum(i + t), $"number {k}");
        }
    }

    private static void Barrier(ICommunicator c, IBackend backend)
    {
        var path = Encoding.UTF8.GetString(c.AllGather(
            Encoding.UTF8.GetBytes(Path.Combine(Path.GetTempPath(), $"barrier-{Guid.NewGuid():N}")))[0]);
        if (c.Rank == c.Size - 1)
        {
            Thread.Sleep(50);
            File.WriteAllText(path, "");
        }
        c.Barrier();
        var there = File.Exists(path);
        c.Barrier();
        if (c.Rank == 0) File.Delete(path);
        if (!there) throw new BenchException("a rank went through before the last one came");
    }

    // Even and odd ranks, counted backwards; then those again one by one.
    private static void Groups(ICommunicator c, IBackend backend)
    {
        using var group = c.Split(c.Rank % 2, -c.Rank);
        int[] members = [.. Enumerable.Range(0, c.Size).Where(r => r % 2 == c.Rank % 2).Reverse()];
        if (group.Size != members.Length || members[group.Rank] != c.Rank)
            throw new BenchException($"rank {group.Rank} of {group.Size} in the group");
        using var whole = Filled(DType.F64, [4099], i => Value(c.Rank, i), backend);
        using var part = Filled(DType.F64, [4099], i => Value(c.Rank, i), backend);
        var works = new[] { group.AllReduce(part), c.AllReduce(whole), group.Broadcast(part, group.Size - 1) };
        foreach (var work in works) work.Wait();
        Expect(whole, Reduced(Reduction.Sum, Ranks(c)), "all");
        Expect(part, Reduced(Reduction.Sum, members), "the group");
        using var alone = group.Split(group.Rank, 0);
        using var own = Filled(DType.I32, [5], i => Value(c.Rank, i), backend);
        alone.AllReduce(own).Wait();
        if (alone.Size != 1) throw new BenchException($"{alone.Size} ranks in a group of one");
        Expect(own, i => Value(c.Rank, i), "alone");
    }

    // Whole numbers, of which every type holds all sums.
    private static double Value(int rank, int i) => (i % Period * 7 + rank * 13) % Period - 50;

    private static IEnumerable<int> Ranks(ICommunicator c) => Enumerable.Range(0, c.Size);

    private static Func<int, double> Reduced(Reduction reduction, IEnumerable<int> ranks)
    {
        double[] table =
            [.. Enumerable.Range(0, Period).Select(i => Reduce(reduction, ranks.Select(r => Value(r, i))))];
        return i => table[i % Period];
    }

    private static double Reduce(Reduction reduction, IEnumerable<double> values) => reduction switch
    {
        Reduction.Max => values.Max(),
        Reduction.Min => values.Min(),
        _ => values.Sum(),
    };

    private static Tensor Filled(DType type, Shape shape, Func<int, double> value, IBackend backend)
    {
        var values = Enumerable.Range(0, shape.Count).Select(value);
        return type switch
        {
            DType.F32 => Tensor.From([.. values.Select(v => (float)v)], shape, backend),
            DType.F64 => Tensor.From([.. values], shape, backend),
            _ => Tensor.From([.. values.Select(v => (int)v)], shape, backend),
        };
    }

    private static void Expect(Tensor tensor, Func<int, double> expected, string what)
    {
        var values = tensor.ToDoubles();
        for (var i = 0; i < values.Length; i++)
            if (values[i] != expected(i))
                throw new BenchException($"{what}: element {i} is {values[i]}, not {expected(i)}");
    }

    private static void ExpectRefusal(Func<CollectiveWork> call)
    {
        try
        {
            call();
        }
        catch (EngineException)
        {
            return;
        }
        throw new BenchException("operands that do not fit were taken");
    }
}
