namespace RegistryProxy.Configuration.Reading.Texts;

/// <summary>Texts that came from somewhere else than the files of this machine.</summary>
/// <param name="parts">The texts.</param>
/// <param name="managed">The parts that are kept in the state.</param>
internal sealed class GivenParts(IReadOnlyList<PartText> parts, ManagedParts managed) : IPartTexts
{
    private readonly Dictionary<string, OfferedPart> _parts = parts.ToDictionary(
        part => part.Name, part => new OfferedPart(part.Name, part.File, part));

    public bool AreHere => false;

    public ManagedParts Managed => managed;

    public IReadOnlyList<OfferedPart> Included(IReadOnlyList<string> patterns) =>
        [.. _parts.Values.Where(part => PartText.IsFile(part.Name)).OrderBy(part => part.Name, StringComparer.Ordinal)];

    public OfferedPart OfTenant(string tenant, string file) =>
        _parts.GetValueOrDefault(PartText.OfTenant(tenant)) ?? new OfferedPart(
            PartText.OfTenant(tenant), file, null, "none of its texts could be used yet");
}
