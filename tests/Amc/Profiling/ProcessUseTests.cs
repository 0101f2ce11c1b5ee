using AmcEngine.Amc.Profiling;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Profiling;

/// <summary>What the system counts of a process.</summary>
[TestFixture]
internal sealed class ProcessUseTests
{
    [Test]
    public void Every_page_that_is_touched_first_is_a_fault()
    {
        const int page = 4096, pages = 4096;
        if (ProcessUse.Now() is not { } before) Assert.Ignore("getrusage is read on 64-bit Linux alone");
        else unsafe
            {
                // Fresh memory of the system's, beyond what an allocator keeps.
                var memory = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc(pages * page);
                for (var i = 0; i < pages; i++) memory[i * page] = 1;
                System.Runtime.InteropServices.NativeMemory.Free(memory);
                var use = ProcessUse.Now()!.Since(before, 2);
                Assert.That(use.MinorFaults, Is.GreaterThan(pages / 2 / 2).And.LessThan(pages * 4));
                Assert.That(use.SystemSeconds + use.UserSeconds, Is.GreaterThanOrEqualTo(0));
            }
    }

    [Test]
    public void A_wait_is_a_voluntary_switch()
    {
        if (ProcessUse.Now() is not { } before) Assert.Ignore("getrusage is read on 64-bit Linux alone");
        else
        {
            for (var i = 0; i < 20; i++) Thread.Sleep(1);
            Assert.That(ProcessUse.Now()!.Since(before, 1).VoluntarySwitches, Is.GreaterThanOrEqualTo(20));
        }
    }

    [Test]
    public void Counts_are_those_of_one_step()
    {
        ProcessUse before = new(1, 2, 3, 4, 5, 6), after = new(5, 4, 13, 8, 9, 16);
        Assert.That(after.Since(before, 2), Is.EqualTo(new ProcessUse(2, 1, 5, 2, 2, 5)));
    }
}
