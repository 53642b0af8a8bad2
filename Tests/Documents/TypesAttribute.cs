namespace RegistryProxy.Tests.Documents;

/// <summary>A test types blocks of commands of a page, as <see cref="TypedPage"/> gives them to it.</summary>
/// <param name="page">The page.</param>
/// <param name="beginnings">How each block begins, in the order of the page.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class TypesAttribute(string page, params string[] beginnings) : Attribute
{
    public string Page => page;

    public IReadOnlyList<DocumentBlock> Blocks => [.. beginnings.Select(beginning => Find(page, beginning))];

    /// <summary>The one block of commands of a page that begins with a text.</summary>
    public static DocumentBlock Find(string page, string beginning)
    {
        var found = DocumentBlock.All.Where(block => block.Page == page && block.Language == "sh"
            && block.Text.TrimStart().StartsWith(beginning, StringComparison.Ordinal)).ToList();
        Assert.True(found.Count == 1, $"{found.Count} blocks of commands of {page} begin with '{beginning}'");
        return found[0];
    }
}
