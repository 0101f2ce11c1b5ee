using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Diagnostics;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends;

/// <summary>How a back end finds the kernel of some operands.</summary>
[TestFixture]
internal sealed class KernelTableTests
{
    private static readonly Type[] Operands = [.. typeof(IKernelArgs).Assembly.GetTypes()
        .Where(t => t.IsValueType && typeof(IKernelArgs).IsAssignableFrom(t))];

    private static readonly Type[] Families = [.. typeof(KernelTable).GetConstructors().Single().GetParameters()
        .Select(p => p.ParameterType)];

    [Test]
    public void Every_kind_of_operands_belongs_to_one_family_of_the_table()
    {
        Type[] owned = [.. Families.SelectMany(f => f.GetInterfaces()).Select(i => i.GenericTypeArguments[0])];
        Assert.That(owned, Is.Unique.And.EquivalentTo(Operands));
    }

    [Test]
    public void A_family_has_a_file_of_its_name_in_the_rooms_of_both_back_ends()
    {
        var backends = Path.Combine(GoldenFiles.Root, "engine", "Backends");
        foreach (var family in Families)
        {
            Assert.That(Path.Combine(backends, "Kernels", $"{family.Name}.cs"), Does.Exist);
            foreach (var room in (string[])["Cpu", "Gpu"])
                Assert.That(Path.Combine(backends, room, "Kernels", $"{family.Name[1..]}.cs"), Does.Exist);
        }
    }

    [Test]
    public void Operands_without_a_kernel_are_refused_by_name()
    {
        var error = Assert.Throws<EngineException>(() => TestBackends.Cpu.Run(default(Unknown)));
        Assert.That(error!.Message, Does.StartWith("nobody's kernel: "));
    }

    [Test]
    public void A_call_allocates_nothing_nor_does_a_profiled_one()
    {
        using var backend = new CpuBackend(1);
        using var x = Tensor.Full([64], 2, DType.F32, backend);
        using var y = Tensor.Empty([64], DType.F32, backend);
        void Calls()
        {
            for (var i = 0; i < 100; i++)
            {
                x.Backend.Run(new UnaryArgs(UnaryKind.Neg, x, y));
                x.Backend.Run(new LerpArgs([new TensorPair(x, y)], 0.5));
                x.Backend.Run(new CopyRowsArgs(x, 64, 0, y, 64, 0, 1, 64, 1));
            }
        }
        Calls();
        Assert.That(Allocated(Calls), Is.Zero);
        using var profiler = Profiler.Begin(backend);
        Calls();
        Assert.That(Allocated(Calls), Is.Zero);
    }

    // The least of several windows: the runtime may compile a method anew in between.
    private static long Allocated(Action work) => Enumerable.Range(0, 5).Min(_ =>
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    });

    private readonly struct Unknown : IKernelArgs
    {
        public KernelWork Work => new("nobody's kernel", 0, 0);
    }
}
