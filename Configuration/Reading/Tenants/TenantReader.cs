using System.Globalization;
using System.Text;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary><c>tenants</c>.</summary>
internal static class TenantReader
{
    /// <summary>What an operator's file says of a tenant: all of it, or the operator's part where its own is in a file.</summary>
    public static TenantEntry? Read(string name, Field field, FrontDoorConfiguration known, ReadingContext context)
    {
        Names.Check(name, field);
        if (field.Map() is not { } map)
        {
            return null;
        }

        var (hosts, publicUrl, file, managed) = (map["hosts"], map["publicUrl"], map["file"], map["managed"]);
        var isManaged = managed.Flag(false);
        var hasPart = file.IsPresent || isManaged;
        var tenant = new TenantConfiguration
        {
            Name = name,
            Stamp = field.Stamp(withSecrets: true),
            Hosts = [.. hosts.Items().Select(Host)],
            PublicUrl = publicUrl.Origin(),
            MayUse = MayUseReader.Read(map["mayUse"], hasPart, known),
            IsManaged = isManaged,
            Limits = LimitReader.Read(map["limits"]),
            Administrators = AdministratorReader.ReadAll(map["administrators"], known),
        };
        var secrets = map["secrets"] is { IsPresent: true } folder ? context.Absolute(folder).TrimEnd('/') : null;
        if (secrets is not null && !file.IsPresent)
        {
            map["secrets"].Fail(isManaged ? "is for a tenant with a file: a managed part names no files"
                : "is only for a tenant with a file of its own; entries here may name every file");
        }

        if (file.IsPresent && isManaged)
        {
            managed.Fail("a tenant's part is either in 'file' or managed");
        }

        if (hasPart)
        {
            TenantRights.RefuseHere(map, isManaged ? "must be in the managed part, not here" : "must be in the tenant's file, not here");
        }
        else
        {
            tenant = TenantRights.Read(map, tenant, known);
        }

        map.RefuseOthers();
        if (tenant.Hosts.Count == 0 && (hosts.IsList || !hosts.IsPresent))
        {
            hosts.Fail("at least one host is required; \"*\" matches any");
        }

        if (tenant.PublicUrl is null && !EndpointReader.IsLoopback(known.Listen.Data))
        {
            publicUrl.Fail("is required unless the data listener is on loopback: clients find the token endpoint by it");
        }

        return new TenantEntry(
            tenant, field.Place, [.. hosts.Items().Select(item => item.Place)],
            file.IsPresent ? context.Absolute(file) : null, secrets);
    }

    /// <summary>Hosts of a tenant whose file has errors; those that can be read.</summary>
    public static TenantEntry? Salvage(string name, Field field)
    {
        if (!field.IsMap || field.Map()!["hosts"] is not { IsList: true } hosts)
        {
            return null;
        }

        var places = hosts.Items().Select(item => (Host: Host(item), item.Place)).ToList();
        return new TenantEntry(
            new TenantConfiguration { Name = name, Hosts = [.. places.Select(one => one.Host)], IsUnusable = true }, field.Place,
            [.. places.Select(one => one.Place)], null, null);
    }

    private static string Host(Field field)
    {
        var text = field.RequiredText();
        if (text != "*" && (text.Contains(':') && !text.StartsWith('[')
            || Uri.CheckHostName(text.Trim('[', ']')) == UriHostNameType.Unknown))
        {
            field.Fail($"'{text}' must be a host name without port, or \"*\"");
        }

        return Ascii.IsValid(text) ? text.ToLowerInvariant() : AsciiOf(text, field);
    }

    /// <summary>As requests name it (RFC 5890 §2.3.2.1).</summary>
    private static string AsciiOf(string host, Field field)
    {
        try
        {
            return new IdnMapping().GetAscii(host).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            field.Fail($"'{host}' cannot be written as a host name of DNS");
            return host;
        }
    }
}

/// <summary>A tenant of an operator's file.</summary>
/// <param name="Tenant">All of it, or the operator's part.</param>
/// <param name="Place">Where it stands.</param>
/// <param name="Hosts">Where each of its hosts stands.</param>
/// <param name="File">The absolute path of its own part; <c>null</c> when it stands in one place.</param>
/// <param name="Secrets">The absolute path of the folder whose files that part may name; <c>null</c> for none.</param>
internal sealed record TenantEntry(
    TenantConfiguration Tenant, FieldPlace Place, IReadOnlyList<FieldPlace> Hosts, string? File, string? Secrets);
