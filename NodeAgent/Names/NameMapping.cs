namespace RegistryProxy.NodeAgent.Names;

/// <summary>Images below one name are pulled below another, by whole path segments.</summary>
/// <param name="From">Domain and leading path of the names that are asked for.</param>
/// <param name="To">What stands there in the name that is pulled.</param>
internal sealed record NameMapping(string From, string To)
{
    /// <summary>The name that is pulled; <c>null</c> when this mapping is not about the image.</summary>
    public ImageName? Forward(ImageName asked) => Replace(asked, From, To);

    /// <summary>The name that asks for an image which was pulled; <c>null</c> when there is none.</summary>
    public ImageName? Back(ImageName pulled) => Replace(pulled, To, From);

    private static ImageName? Replace(ImageName name, string prefix, string replacement)
    {
        var repository = name.Repository;
        if (!repository.StartsWith($"{prefix}/", StringComparison.Ordinal))
        {
            return null;
        }

        var renamed = $"{replacement}{repository[prefix.Length..]}";
        var slash = renamed.IndexOf('/');
        return name with { Domain = renamed[..slash], Path = renamed[(slash + 1)..] };
    }
}

/// <summary>The mappings of a node; the longest one counts.</summary>
internal sealed class NameMap(IEnumerable<NameMapping> mappings)
{
    private readonly NameMapping[] _mappings = [.. mappings.OrderByDescending(mapping => mapping.From.Length)];

    /// <summary>The name that is pulled for one that is asked for; itself where no mapping is about it.</summary>
    public ImageName Forward(ImageName asked) =>
        _mappings.Select(mapping => mapping.Forward(asked)).FirstOrDefault(name => name is not null) ?? asked;

    /// <summary>The names that ask for an image which was pulled, beside its own.</summary>
    public IEnumerable<ImageName> Back(ImageName pulled) =>
        _mappings.Select(mapping => mapping.Back(pulled)).OfType<ImageName>().Where(asked => Forward(asked) == pulled);
}
