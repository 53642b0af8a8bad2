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
        var isAny = false;
        HashSet<string> left = [];
        foreach (var file in files.OrderBy(file => file.Name.Length == 0 ? 0 : written.Contains(Of(file.Errors.File)) ? 2 : 1))
        {
            var said = left.Contains(file.Name) ? [] : file.Places.Select(one => (one, Writes(one))).ToList();
            foreach (var part in said.Count == 0 ? [] : offered.Where(part => part.Text is not null && !left.Contains(part.Name)))
            {
                var (path, real) = (Of(part.File), Real(part.File));
                if (said.Find(one => one.Item2(path) || one.Item2(real)).one is { } owner)
                {
                    isAny |= chosen.Of(part) is not null;
                    left.Add(part.Name);
                    chosen.LeaveOut(part.Name, new ConfigurationError(part.File, 1, "",
                        $"is a file that tenant '{owner.Tenant}' writes ({owner.Place}) and is not read with the rights of an operator: " +
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
        var all = files.SelectMany(file => file.Places).Where(one => one.Secrets is not null)
            .Select(one => (one, Folder(one.Secrets!))).ToList();
        foreach (var file in files)
        {
            foreach (var one in file.Places)
            {
                var path = one.File is null ? null : Of(one.File);
                var reason = one.Secrets is { } secrets && IsBelow(Of(main), Folder(secrets)) ? "'secrets' holds the main file"
                    : path is null ? null
                    : path == Of(main) || path == Real(main) ? "'file' is the main file"
                    : all.Find(other => IsBelow(path, other.Item2)).one is { } holder
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

    private Func<string, bool> Writes(TenantPlaces one)
    {
        var (file, secrets) = (one.File is null ? null : Of(one.File), one.Secrets is null ? null : Folder(one.Secrets));
        return path => path == file || (secrets is not null && IsBelow(path, secrets));
    }

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
