using RegistryProxy.Configuration.Reading.Authenticators;
using RegistryProxy.Configuration.Reading.Tenants;
using RegistryProxy.Configuration.Reading.Texts;
using RegistryProxy.Configuration.Reading.Upstreams;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading;

/// <summary>A name that a file gives, where, and to what.</summary>
internal sealed record NamedEntry<T>(string Name, FieldPlace Place, T Value);

/// <summary>The main file or an included one. What it says of tenants is read by what all files say of the rest.</summary>
internal sealed class OperatorFile
{
    private readonly ReadingContext _context;
    private SettingsDocument? _document;
    private TenantSet? _tenants;

    private OperatorFile(string name, string file, Secret text, ReadingContext context)
    {
        (Name, Text, Errors, _context) = (name, text, new ErrorList(file), context);
        _document = YamlFile.Parse(text.Reveal(), Errors);
    }

    /// <summary>The <see cref="PartText.Name"/>; empty for the main file.</summary>
    public string Name { get; }

    public Secret Text { get; }

    /// <summary>What is wrong with all but its tenants.</summary>
    public ErrorList Errors { get; }

    /// <summary>The files and folders of tenants that it names.</summary>
    public IReadOnlyList<TenantPlaces> Places { get; private set; } = [];

    /// <summary>What concerns the host alone; of the main file.</summary>
    public FrontDoorConfiguration Host { get; private set; } = new();

    /// <summary>The patterns of files that belong to it, too.</summary>
    public IReadOnlyList<string>? Includes { get; private set; }

    public IReadOnlyList<NamedEntry<UpstreamConfiguration>> Upstreams { get; private set; } = [];

    public IReadOnlyList<NamedEntry<AuthenticatorConfiguration>> Authenticators { get; private set; } = [];

    /// <summary>Which upstream wants to share with which.</summary>
    public IReadOnlyList<(string Name, string Other, FieldPlace Place)> Sharing { get; private set; } = [];

    /// <summary>Reads the main file.</summary>
    /// <param name="file">Its path, as it is named in errors.</param>
    /// <param name="text">What is in it.</param>
    /// <param name="context">Where its paths begin.</param>
    /// <param name="part">How much of it is read.</param>
    public static OperatorFile Main(string file, Secret text, ReadingContext context, ConfigurationPart part)
    {
        var main = new OperatorFile("", file, text, context);
        main._document?.Read(main.Errors, map =>
        {
            main.Host = HostSections.Read(map, context, part);
            main.Includes = map["include"] is { IsPresent: true } include ? IncludePattern.ReadAll(include, context.Folder) : null;
            if (part == ConfigurationPart.Whole)
            {
                main.ReadNames(map);
                if (main.Includes is null && !map["tenants"].Entries().Any())
                {
                    map["tenants"].Fail("at least one tenant is required");
                }
            }

            map.RefuseOthers();
            return map;
        });
        return main;
    }

    /// <summary>Reads an included file.</summary>
    public static OperatorFile Included(PartText text, ReadingContext context)
    {
        var included = new OperatorFile(text.Name, text.File, text.Text, context);
        included._document?.Read(included.Errors, map =>
        {
            included.ReadNames(map);
            map.RefuseOthers();
            return map;
        });
        return included;
    }

    /// <summary>The tenants of a file that has errors, as far as their hosts can be read.</summary>
    public static IReadOnlyList<TenantEntry> Salvage(PartText text)
    {
        var errors = new ErrorList(text.File);
        return YamlFile.Parse(text.Text.Reveal(), errors)?.Read<IReadOnlyList<TenantEntry>>(
            errors, map => [.. map["tenants"].Entries().Select(entry => TenantReader.Salvage(entry.Name, entry.Field))
                .OfType<TenantEntry>()]) ?? [];
    }

    /// <summary>The tenants. They are read again when what they name is another now.</summary>
    public TenantSet Tenants(FrontDoorConfiguration known)
    {
        if (_tenants is { } read && read.IsOf(known))
        {
            return read;
        }

        var errors = _document is null || Errors.IsEmpty ? new ErrorList(Errors.File) : Errors;
        var document = _document ?? YamlFile.Parse(Text.Reveal(), errors);
        _document = null;
        var set = document?.Read(errors, map => TenantSet.Read(map, known, _context, errors)) ?? TenantSet.None(errors);
        _tenants = errors.IsEmpty ? set : null;
        return set;
    }

    private void ReadNames(Section map)
    {
        var upstreams = map["upstreams"];
        Upstreams = All(upstreams, (name, field) => UpstreamReader.Read(name, field, _context));
        Authenticators = All(map["authenticators"], (name, field) => AuthenticatorReader.Read(name, field, _context));
        Sharing = [.. upstreams.Entries().SelectMany(
            entry => UpstreamReader.Sharing(entry.Field).Select(shared => (entry.Name, shared.Other, shared.Place)))];
        Places = [.. map["tenants"].Entries().Select(entry => TenantPlaces.Of(entry.Name, entry.Field, _context)).OfType<TenantPlaces>()];
    }

    private static List<NamedEntry<T>> All<T>(Field field, Func<string, Field, T?> read)
        where T : class
    {
        List<NamedEntry<T>> all = [];
        foreach (var (name, entry) in field.Entries())
        {
            if (read(name, entry) is { } value)
            {
                all.Add(new NamedEntry<T>(name, entry.Place, value));
            }
        }

        return all;
    }
}
