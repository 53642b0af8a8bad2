using RegistryProxy.Files.Yaml;

namespace RegistryProxy.NodeAgent.Settings;

/// <summary>Reads <c>pullSecrets</c>.</summary>
internal static class PullSecretsReader
{
    /// <summary>The longest name of Kubernetes, in characters (RFC 1123).</summary>
    private const int MaxName = 253;

    public static PullSecretsSettings? Read(Field field, IReadOnlyList<RegistrySettings> doors)
    {
        if (!field.IsPresent)
        {
            return null;
        }

        var map = field.Fields();
        var (server, ca, token) = (map["server"].SafeOrigin(), map["ca"].FilePath(), map["tokenFile"].FilePath());
        List<PullSecretSettings> secrets = [];
        HashSet<(string, string)> seen = [];
        foreach (var item in map["secrets"].Items())
        {
            var entry = item.Fields();
            var (space, name, account) = (Name(entry["namespace"]), Name(entry["name"]), entry["serviceAccount"]);
            if (!seen.Add((space, name)))
            {
                item.Fail($"the Secret {space}/{name} is listed twice");
            }

            if (Door(entry["frontDoor"], doors) is { Workloads: { } workloads } door)
            {
                secrets.Add(new PullSecretSettings(door, workloads, space, name, account.IsPresent ? Name(account) : "default"));
            }

            entry.RefuseOthers();
        }

        if (!map["secrets"].Items().Any())
        {
            map["secrets"].Fail("is required and may not be empty");
        }

        map.RefuseOthers();
        return new PullSecretsSettings(server, ca, token, secrets);
    }

    private static RegistrySettings? Door(Field field, IReadOnlyList<RegistrySettings> doors)
    {
        var able = doors.Where(door => door.Workloads is not null).ToList();
        if (field.SafeOrigin() is { } url)
        {
            able = able.FindAll(door => door.Url == url);
        }

        if (able.Count != 1)
        {
            field.Fail("must be the url of one of frontDoors that has workloads; it is optional if there is only one");
        }

        return able.Count == 1 ? able[0] : null;
    }

    private static string Name(Field field)
    {
        var text = field.RequiredText();
        if (field.IsPresent && (text.Length is 0 or > MaxName || !char.IsAsciiLetterOrDigit(text[0]) || text[^1] is '-' or '.'
            || !text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')))
        {
            field.Fail($"'{text}' must be a Kubernetes name: lower-case letters, digits, '-' and '.'");
        }

        return text;
    }
}
