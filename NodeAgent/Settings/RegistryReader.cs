using RegistryProxy.Files.Yaml;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Settings;

/// <summary>Reads one entry of <c>frontDoors</c>.</summary>
internal static class RegistryReader
{
    private static readonly Dictionary<string, IdentityKind> Kinds = new()
    {
        ["aws-sts"] = IdentityKind.AwsSts,
        ["aws-iid"] = IdentityKind.AwsIid,
        ["gcp"] = IdentityKind.Gcp,
        ["azure"] = IdentityKind.Azure,
        ["kubernetes"] = IdentityKind.Kubernetes,
        ["password"] = IdentityKind.Password,
        ["ci"] = IdentityKind.Ci,
        ["device"] = IdentityKind.Device,
    };

    public static RegistrySettings? Read(Field item)
    {
        var door = item.Fields();
        var url = door["url"].SafeOrigin();
        if (url is null)
        {
            _ = door["url"].RequiredText();
        }

        HashSet<string> hosts = [.. door["hosts"].Items().Select(host => host.Host()).OfType<string>()];
        var images = Images(door["images"], url, hosts);
        var identity = Identity(door["identity"], url);
        var workloads = Workloads(door["workloads"], url);
        if (identity is null && workloads is null)
        {
            door["identity"].Fail("is required, unless workloads is given");
        }

        var ca = door["ca"].FilePath();
        door.RefuseOthers();
        return url is null
            ? null
            : new RegistrySettings { Url = url, Images = images, Identity = identity, Workloads = workloads, CaFile = ca,
                InstalledCaFile = AgentFiles.Beside(door["ca"].Text()) };
    }

    private static List<ImagePattern> Images(Field images, Uri? url, HashSet<string> hosts)
    {
        List<ImagePattern> patterns = [];
        foreach (var item in images.Items())
        {
            var text = item.RequiredText();
            if (!ImagePattern.TryParse(text, out var pattern))
            {
                item.Fail($"'{text}' must be a pattern as kubelet's matchImages: host[:port][/path], globs within the labels of the host");
            }
            else if (url is not null && !HttpOrigin.Of(url).IsNamed(pattern.Host) && !hosts.Contains(pattern.Host))
            {
                item.Fail(
                    $"the host '{pattern.Host}' is not that of url ({HttpOrigin.Of(url).Authority}); list it in hosts if the credential "
                        + "may go there");
            }
            else
            {
                patterns.Add(pattern);
            }
        }

        return images.IsPresent || url is null || !ImagePattern.TryParse(HttpOrigin.Of(url).Authority, out var whole) ? patterns : [whole];
    }

    private static IdentitySettings? Identity(Field field, Uri? url)
    {
        if (!field.IsPresent)
        {
            return null;
        }

        var identity = field.Fields();
        var kind = Kinds.GetValueOrDefault(identity["type"].OneOf(null, [.. Kinds.Keys]));
        var settings = new IdentitySettings { Kind = kind };
        settings = kind == IdentityKind.Password
            ? settings with { Username = identity["username"].RequiredText(), Password = Secret(identity["password"]) }
            : kind == IdentityKind.Device ? settings : settings with { Authenticator = identity["authenticator"].RequiredText() };
        settings = kind switch
        {
            IdentityKind.AwsSts => settings with
            {
                Audience = identity["serverId"].Text() ?? ServiceOf(url),
                WithInstanceProfile = identity["credentials"].OneOf("instance", "instance", "profile") == "profile",
            },
            IdentityKind.Gcp => settings with { Audience = identity["audience"].Text() ?? ServiceOf(url) },
            IdentityKind.Kubernetes => settings with
            {
                TokenFile = identity["tokenFile"].FilePath() ?? "/var/run/secrets/tokens/registry",
                InstalledTokenFile = AgentFiles.Beside(identity["tokenFile"].Text()),
            },
            IdentityKind.Ci => settings with
            {
                Audience = identity["audience"].Text() ?? ServiceOf(url),
                TokenVariable = identity["tokenVariable"].Text() ?? "REGISTRYPROXY_ID_TOKEN",
            },
            _ => settings,
        };
        identity.RefuseOthers();
        return settings;
    }

    private static WorkloadSettings? Workloads(Field field, Uri? url)
    {
        if (!field.IsPresent)
        {
            return null;
        }

        var workloads = field.Fields();
        var settings = new WorkloadSettings(workloads["authenticator"].RequiredText(), workloads["audience"].Text() ?? ServiceOf(url));
        workloads.RefuseOthers();
        return settings;
    }

    private static SecretFile Secret(Field field)
    {
        var secret = field.Fields();
        var (file, variable, value) = (secret["file"].FilePath(), secret["env"].Text(), secret["value"].Text());
        var installed = AgentFiles.Beside(secret["file"].Text());
        secret.RefuseOthers();
        if (new[] { file, variable, value }.Count(way => way is not null) != 1)
        {
            field.Fail("must be one of { file: PATH }, { env: NAME }, { value: TEXT }");
        }

        return new SecretFile(file, variable, value is null ? null : new Secret(value))
            { InstalledPath = installed };
    }

    /// <summary>What the front door calls itself.</summary>
    private static string ServiceOf(Uri? url) => url is null ? "" : HttpOrigin.Of(url).Host;
}
