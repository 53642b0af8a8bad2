using System.Reflection;
using Xunit.v3;

namespace RegistryProxy.Tests.Documents;

/// <summary>The blocks of a page that the running test types, in their order.</summary>
internal sealed class TypedPage
{
    private readonly Queue<DocumentBlock> _left;

    private TypedPage(IEnumerable<DocumentBlock> blocks) => _left = new(blocks);

    public static TypedPage Of(string page) => new(((IXunitTestMethod)TestContext.Current.TestMethod!).Method
        .GetCustomAttributes<TypesAttribute>().Single(types => types.Page == page).Blocks);

    /// <summary>The next block, as it stands.</summary>
    public string Next() => _left.Dequeue().Text;

    /// <summary>All of them were typed.</summary>
    public void ShouldBeOver() => Assert.Empty(_left.Select(block => block.Place));
}
