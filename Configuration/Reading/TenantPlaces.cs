using RegistryProxy.Configuration.Reading.Texts;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>What an operator's file gives a tenant to write, as far as that can be read.</summary>
/// <param name="Tenant">Its name.</param>
/// <param name="Place">Where it stands.</param>
/// <param name="File">The absolute path of its file; <c>null</c> for none.</param>
/// <param name="Secrets">The absolute path of its folder; <c>null</c> for none.</param>
internal sealed record TenantPlaces(string Tenant, FieldPlace Place, string? File, string? Secrets)
{
    public static TenantPlaces? Of(string name, Field field, ReadingContext context)
    {
        var map = field.IsMap ? field.Map() : null;
        var places = new TenantPlaces(name, field.Place, PathOf(map?["file"], context), PathOf(map?["secrets"], context)?.TrimEnd('/'));
        return places.File is null && places.Secrets is null ? null : places;
    }

    private static string? PathOf(Field? field, ReadingContext context) =>
        field is { IsPresent: true, IsMap: false, IsList: false } && field.Text() is { } text && !text.Contains('\0')
            ? Path.GetFullPath(text, context.Folder) : null;
}

/// <summary>Sees that what a tenant writes is not read as what an operator says, and that no two tenants write the same file.</summary>
/// <param name="main">The path of the main file.</param>
internal sealed class PlaceCheck(string main)
{
    private readonly Dictionary<string, string> _folders = [];

    /// <summary>Leaves included files out that a tenant writes; whether there are any.</summary>
    public bool LeaveOut(IReadOnlyList<OperatorFile> files, IReadOnlyList<OfferedPart> offered, ChosenParts chosen)
    {
        var places = files.SelectMany(file => file.Places).ToList();
        if (places.Count == 0)
        {
            return false;
        }

        // Who is said by nobody to be a tenant's file is believed first.
        var written = places.Where(one => one.File is not null).Select(one => Of(one.File!)).ToHashSet();
        var found = new PathIndex<OfferedPart>();
        foreach (var part in offered.Where(part => part.Text is not null))
        {
            found.Add(Of(part.File), part);
            found.Add(Real(part.File), part);
        }

        var isAny = false;
        HashSet<string> left = [];
        foreach (var file in files.OrderBy(file => file.Name.Length == 0 ? 0 : written.Contains(Of(file.Errors.File)) ? 2 : 1))
        {
            foreach (var one in left.Contains(file.Name) ? [] : file.Places)
            {
                var parts = (one.File is null ? [] : found.At(Of(one.File)))
                    .Concat(one.Secrets is null ? [] : found.Below(Folder(one.Secrets)));
                foreach (var part in parts.Where(part => left.Add(part.Name)))
                {
                    isAny |= chosen.Of(part) is not null;
                    chosen.LeaveOut(part.Name, new ConfigurationError(part.File, 1, "",
                        $"is a file that tenant '{one.Tenant}' writes ({one.Place}) and is not read with the rights of an operator: " +
                        "include must not match it"));
                }
            }
        }

        return isAny;
    }

    /// <summary>Tells of files that a tenant may not have for its own.</summary>
    public void Check(IReadOnlyList<OperatorFile> files, CompositionRound round)
    {
        Dictionary<string, TenantPlaces> owners = [];
        var holders = files.SelectMany(file => file.Places).Where(one => one.Secrets is not null)
            .GroupBy(one => Folder(one.Secrets!).TrimEnd('/')).ToDictionary(folder => folder.Key, folder => folder.First());
        var (ofMain, realMain) = (Of(main), Real(main));
        foreach (var file in files)
        {
            foreach (var one in file.Places)
            {
                var path = one.File is null ? null : Of(one.File);
                var reason = one.Secrets is { } secrets && IsBelow(ofMain, Folder(secrets)) ? "'secrets' holds the main file"
                    : path is null ? null
                    : path == ofMain || path == realMain ? "'file' is the main file"
                    : HolderOf(path, holders) is { } holder
                        ? $"'file' lies in the folder 'secrets' of tenant '{holder.Tenant}': give it a place of its own"
                    : owners.TryGetValue(path, out var owner) ? $"'file' is also that of tenant '{owner.Tenant}' at {owner.Place}" : null;
                if (reason is not null)
                {
                    round.Fail(file.Name, new ConfigurationError(
                        one.Place.File, (int)Math.Clamp(one.Place.Line, 1, int.MaxValue), one.Place.Path, reason));
                }
                else if (path is not null)
                {
                    owners[path] = one;
                }
            }
        }
    }

    private static TenantPlaces? HolderOf(string path, Dictionary<string, TenantPlaces> holders) =>
        PathIndex<TenantPlaces>.FoldersOf(path).Select(folder => holders.GetValueOrDefault(folder))
            .FirstOrDefault(known => known is not null);

    private static bool IsBelow(string path, string folder) => path.StartsWith($"{folder.TrimEnd('/')}/", StringComparison.Ordinal);

    /// <summary>Where the entry of the folder is: a link in the place of the file itself may be of who writes it.</summary>
    private string Of(string path)
    {
        var whole = Path.GetFullPath(path);
        return Path.Combine(Folder(Path.GetDirectoryName(whole) ?? "/"), Path.GetFileName(whole));
    }

    private string Real(string path) => new FileInfo(path).LinkTarget is null ? Of(path) : BoundedFile.RealPathOf(path);

    private string Folder(string path) =>
        _folders.TryGetValue(path, out var real) ? real : _folders[path] = BoundedFile.RealPathOf(path);
}
