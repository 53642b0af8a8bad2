using System.Text.Json;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary><c>type: oidc</c> and <c>gcp-identity</c>, and what they have in common with <c>kubernetes</c>.</summary>
internal static class TokenIssuerReader
{
    private const string Google = "https://accounts.google.com";

    private static readonly Uri GoogleKeys = new("https://www.googleapis.com/oauth2/v3/certs");

    /// <summary>Issuers that give a token to anybody who asks.</summary>
    private static readonly string[] Public =
    [
        "accounts.google.com", "token.actions.githubusercontent.com", "gitlab.com", "login.microsoftonline.com", "sts.windows.net",
        "oauth2.sigstore.dev",
        "agent.buildkite.com", "oidc.circleci.com", "app.terraform.io", "appleid.apple.com",
    ];

    public static AuthenticatorConfiguration Oidc(string name, Section map, ReadingContext context)
    {
        var allowPrivate = map["allowPrivate"].Flag(false);
        var allowAnySubject = map["allowAnySubject"];
        var (issuer, require) = (Issuer(map["issuer"], allowPrivate), map["require"]);
        var oidc = new OidcConfiguration
        {
            Name = name,
            Issuer = issuer,
            Audience = Audience(map["audience"]),
            Keys = Keys(map, allowPrivate, context),
            AllowPrivate = allowPrivate,
            Require = Require(require),
            SubjectClaim = map["subjectClaim"].Text() ?? "sub",
            GroupsClaim = map["groupsClaim"].Text() ?? "groups",
            People = InteractiveLoginReader.Read(map, context),
        };
        CheckSubjects(oidc, require, allowAnySubject);
        return oidc;
    }

    public static AuthenticatorConfiguration GcpIdentity(string name, Section map, ReadingContext context)
    {
        var allowPrivate = map["allowPrivate"].Flag(false);
        return new GcpIdentityConfiguration
        {
            Name = name,
            Issuer = Google,
            Audience = Audience(map["audience"]),
            Projects = map["projects"].RequiredList(),
            Keys = Keys(map, allowPrivate, context) is var keys and not DiscoveredKeys ? keys : new AddressedKeys(GoogleKeys),
            AllowPrivate = allowPrivate,
        };
    }

    private static void CheckSubjects(OidcConfiguration oidc, Field require, Field allowAnySubject)
    {
        var any = allowAnySubject.Flag(false);
        var isPublic = Uri.TryCreate(oidc.Issuer, UriKind.Absolute, out var issuer) && HttpOrigin.TryGetHost(issuer, out var host)
            && Public.Contains(host);
        if (any && isPublic)
        {
            allowAnySubject.Fail(
                $"is never good for {issuer!.IdnHost}, which gives tokens to anybody; name the claims that yours have under require");
        }
        else if (isPublic && oidc.Require.Count > 0 && oidc.Require.All(IsOfEverybody))
        {
            require.Fail(
                $"lets everybody in: {issuer!.IdnHost} gives tokens with such claims to anybody; name a claim with a value that only " +
                "yours have");
        }
        else if (!any && oidc.Require.Count == 0)
        {
            require.Fail(
                "is required: without it every identity of the issuer could log in. Name claims, such as { hd: acme.example }, or set " +
                "allowAnySubject: true");
        }
    }

    /// <summary>Whether every token of an issuer has what is required: a claim that all have, or any value of one.</summary>
    private static bool IsOfEverybody(KeyValuePair<string, IReadOnlyList<string>> claim) =>
        claim.Key is "iss" or "aud" or "exp" or "iat" or "nbf" or "jti" || claim.Value.Any(glob => glob.All(letter => letter == '*'));

    internal static string Issuer(Field field, bool allowPrivate)
    {
        EndpointReader.Required(field, allowPrivate);
        return field.Text() ?? "";
    }

    internal static string Audience(Field field)
    {
        if (!field.IsPresent)
        {
            field.Fail("is required, so that tokens for other services are not accepted");
        }

        return field.Text() ?? "";
    }

    internal static KeySetSource Keys(Section map, bool allowPrivate, ReadingContext context)
    {
        var (jwks, endpoint) = (map["jwks"], map["endpoint"]);
        if (context.Inline(jwks, "inline") is { } json)
        {
            Check(context, jwks, () => json, "'inline'");
            return new InlineKeys(json);
        }

        if (jwks.IsMap && jwks.Map() is { } file)
        {
            var keys = KeyFile(file["file"], context);
            file.RefuseOthers();
            return keys;
        }

        return (EndpointReader.Optional(jwks, allowPrivate) ?? EndpointReader.Optional(endpoint, allowPrivate)) is { } address
            ? new AddressedKeys(address)
            : new DiscoveredKeys();
    }

    private static FiledKeys KeyFile(Field field, ReadingContext context)
    {
        var path = context.Absolute(field);
        if (field.IsPresent)
        {
            Check(context, field, () => BoundedFile.ReadText(path), path);
        }

        return new FiledKeys(path);
    }

    private static void Check(ReadingContext context, Field field, Func<string> read, string name)
    {
        try
        {
            using var set = JsonDocument.Parse(read());
            if (set.RootElement.GetProperty("keys").GetArrayLength() == 0)
            {
                context.FailFile(field, $"{name} contains no keys");
            }
        }
        catch (Exception fault) when (fault is IOException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            context.FailFile(field, $"{name} is not a JSON Web Key Set: {fault.Message}");
        }
    }

    internal static Dictionary<string, IReadOnlyList<string>> Require(Field field) => field.Entries().ToDictionary(
        entry => entry.Name,
        entry => (IReadOnlyList<string>)[.. entry.Field.Items(orSingle: true).Select(glob => glob.RequiredText())]);
}
