using RegistryProxy.Configuration.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>upstreams</c>.</summary>
internal static class UpstreamReader
{
    public static UpstreamConfiguration? Read(string name, Field field, ReadingContext context)
    {
        Names.Check(name, field);
        if (field.Map() is not { } map)
        {
            return null;
        }

        var url = map["url"];
        url.RequiredText();
        var official = map["officialPrefix"];
        var upstream = new UpstreamConfiguration
        {
            Name = name,
            Url = url.Origin() ?? new Uri("https://invalid.example"),
            OfficialPrefix = official.IsPresent ? Names.Path(official) : null,
            Credentials = Credentials(map["credentials"], context),
            Realms = [.. map["realms"].Items().Select(item => item.Address()).OfType<Uri>()],
            AllowPrivate = map["allowPrivate"].Flag(false),
            Redirects = Redirects(map["redirects"]) ?? RedirectMode.Follow,
            RedirectHosts = [.. map["redirectHosts"].Items().Select(item => item.RequiredText())],
        };
        map.RefuseOthers();
        return upstream;
    }

    public static RedirectMode? Redirects(Field field)
    {
        switch (field.Text())
        {
            case null:
                return null;
            case "follow":
                return RedirectMode.Follow;
            case "pass":
                return RedirectMode.Pass;
            default:
                field.Fail("must be follow or pass");
                return null;
        }
    }

    private static UpstreamCredentials Credentials(Field field, ReadingContext context)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return new AnonymousCredentials();
        }

        var type = map["type"];
        UpstreamCredentials credentials = new AnonymousCredentials();
        switch (type.RequiredText())
        {
            case "anonymous":
                break;
            case "basic":
                credentials = new BasicCredentials(map["username"].RequiredText(), context.RequiredSecret(map["password"]));
                break;
            case "bearer":
                credentials = new BearerCredentials(context.RequiredSecret(map["token"]));
                break;
            case "dockerConfig":
                credentials = new DockerConfigCredentials(context.ExistingFile(map["file"]), map["server"].Text());
                break;
            case "exec":
                credentials = new ExecCredentials(
                    context.Program(map["command"]), map["server"].Text(),
                    map["lifetime"].Duration(ExecCredentials.DefaultLifetime, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1)));
                break;
            case "google" or "ecr" or "acr":
                NotSupportedYet.Refuse(type, $"the type '{type.Text()}'");
                return credentials;
            default:
                type.Fail("must be one of anonymous, basic, bearer, google, ecr, acr, dockerConfig, exec");
                return credentials;
        }

        map.RefuseOthers();
        return credentials;
    }
}
