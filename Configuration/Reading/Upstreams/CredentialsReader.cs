using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Upstreams;

/// <summary><c>upstreams.*.credentials</c>.</summary>
internal static class CredentialsReader
{
    private static readonly string[] Types = ["anonymous", "basic", "bearer", "google", "ecr", "acr", "dockerConfig", "exec"];

    /// <summary>What a tenant's part may have: each is a secret of its own.</summary>
    private static readonly string[] OfTenants = ["anonymous", "basic", "bearer", "ecr", "google", "acr"];

    /// <summary>A user name of Basic (RFC 7617 §2).</summary>
    private static string NameOf(Field field)
    {
        var name = field.RequiredText();
        if (name.Contains(':'))
        {
            field.Fail("must not have a ':', which ends a user name (RFC 7617)");
        }

        return name;
    }

    public static UpstreamCredentials Read(Field field, Uri url, bool allowPrivate, ReadingContext context)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return new AnonymousCredentials();
        }

        var type = map["type"];
        if (context.Bounds is not null && type.RequiredText() is var wanted && Types.Contains(wanted) && !OfTenants.Contains(wanted))
        {
            type.Fail($"'{wanted}' runs programs or reads files of this machine, which is the operator's; a tenant's part may have " +
                $"{string.Join(", ", OfTenants)}");
            return new AnonymousCredentials();
        }

        UpstreamCredentials credentials;
        switch (type.RequiredText())
        {
            case "anonymous":
                credentials = new AnonymousCredentials();
                break;
            case "basic":
                credentials = new BasicCredentials(NameOf(map["username"]), context.RequiredSecret(map["password"]));
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
            case "":
                return new AnonymousCredentials();
            default:
                type.Fail($"must be one of {string.Join(", ", Types)}{type.Errors.Suggest(type.Text() ?? "", Types)}");
                return new AnonymousCredentials();
        }

        map.RefuseOthers();
        if (context.Bounds is not null && IsOfMachine(credentials))
        {
            field.Fail("would use the machine's cloud identity, which belongs to the operator; set keys of your own (ecr: accessKeyId " +
                "and secretAccessKey; google: keyFile; acr: tenantId, clientId and clientSecret)");
        }

        return credentials;
    }

    private static bool IsOfMachine(UpstreamCredentials credentials) => credentials switch
    {
        AnonymousCredentials or BasicCredentials or BearerCredentials or BearerPasswordCredentials => false,
        EcrCredentials ecr => ecr.AccessKey is null,
        GoogleCredentials google => google.KeyFile is null,
        AcrCredentials acr => acr.ClientSecret is null,
        _ => true,
    };

    private static UpstreamCredentials Bearer(Section map, ReadingContext context)
    {
        var (token, username, password) = (map["token"], map["username"], map["password"]);
        if (!username.IsPresent)
        {
            if (password.IsPresent)
            {
                password.Fail("also needs username");
            }

            return new BearerCredentials(context.RequiredSecret(token));
        }

        if (token.IsPresent)
        {
            token.Fail("is an identity token and cannot be combined with username and password");
        }

        return new BearerPasswordCredentials(username.RequiredText(), context.RequiredSecret(password));
    }
}
