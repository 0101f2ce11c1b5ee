using System.Reflection;
using AmcEngine.Ops;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

[TestFixture]
internal sealed class OpCatalogTests
{
    [Test]
    public void Every_public_op_is_in_the_catalog_with_cases()
    {
        Assert.Multiple(() =>
        {
            Assert.That(DeclaredNames().Except(OpCatalog.Entries.Keys), Is.Empty, "ops without an entry");
            Assert.That(OpCatalog.Entries.Values.Where(e => e.Cases.Length == 0).Select(e => e.Name), Is.Empty,
                "entries without cases");
        });
    }

    private static string[] DeclaredNames() =>
    [
        .. typeof(OpCatalog).Assembly.GetTypes()
            .Where(t => t.GetCustomAttribute<OpFamilyAttribute>() is not null)
            .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Static))
            .Select(m => m.GetCustomAttribute<OpAttribute>()?.Name)
            .OfType<string>(),
    ];
}
