using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Upstreams;

/// <summary><c>upstreams.*.credentials</c>.</summary>
internal static class CredentialsReader
{
    private static readonly string[] Types = ["anonymous", "basic", "bearer", "google", "ecr", "acr", "dockerConfig", "exec"];

    public static UpstreamCredentials Read(Field field, Uri url, bool allowPrivate, ReadingContext context)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return new AnonymousCredentials();
        }

        var type = map["type"];
        UpstreamCredentials credentials;
        switch (type.RequiredText())
        {
            case "anonymous":
                credentials = new AnonymousCredentials();
                break;
            case "basic":
                credentials = new BasicCredentials(map["username"].RequiredText(), context.RequiredSecret(map["password"]));
                break;
            case "bearer":
                credentials = Bearer(map, context);
                break;
            case "ecr":
                credentials = EcrReader.Read(map, url, allowPrivate, context);
                break;
            case "dockerConfig":
                credentials = new DockerConfigCredentials(context.ExistingFile(map["file"]), map["server"].Text());
                break;
            case "exec":
                credentials = new ExecCredentials(
                    context.Program(map["command"]), map["server"].Text(),
                    map["lifetime"].Duration(ExecCredentials.DefaultLifetime, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1)));
                break;
            case "google":
                credentials = GoogleReader.Read(map, allowPrivate, context);
                break;
            case "acr":
                credentials = AcrReader.Read(map, url, allowPrivate, context);
                break;
            default:
                type.Fail($"must be one of {string.Join(", ", Types)}{Suggestion.For(type.Text() ?? "", Types)}");
                return new AnonymousCredentials();
        }

        map.RefuseOthers();
        return credentials;
    }

    private static UpstreamCredentials Bearer(Section map, ReadingContext context)
    {
        var (token, username, password) = (map["token"], map["username"], map["password"]);
        if (!username.IsPresent)
        {
            if (password.IsPresent)
            {
                password.Fail("needs username beside it");
            }

            return new BearerCredentials(context.RequiredSecret(token));
        }

        if (token.IsPresent)
        {
            token.Fail("is an identity token and takes the place of username and password: give one of them");
        }

        return new BearerPasswordCredentials(username.RequiredText(), context.RequiredSecret(password));
    }
}
