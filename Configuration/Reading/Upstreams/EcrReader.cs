using System.Text.RegularExpressions;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Upstreams;

/// <summary><c>type: ecr</c>.</summary>
internal static partial class EcrReader
{
    public static UpstreamCredentials Read(Section map, Uri url, bool allowPrivate, ReadingContext context)
    {
        var (region, isPublic, endpoint, tokenFile) = (map["region"], map["public"], map["endpoint"], map["webIdentityTokenFile"]);
        var host = Host(url, region, isPublic);
        var roles = Roles(map);
        if (tokenFile.IsPresent && roles.Count == 0)
        {
            tokenFile.Fail("needs roleArn: the role that is assumed with the token");
        }

        if (tokenFile.IsPresent && map["accessKeyId"].IsPresent)
        {
            tokenFile.Fail("cannot be combined with accessKeyId");
        }

        return new EcrCredentials
        {
            Region = host.Region,
            IsPublic = host.IsPublic,
            Fips = host.Fips,
            Endpoint = EndpointReader.Optional(endpoint, allowPrivate) ?? host.Api(),
            StsEndpoint = EndpointReader.Optional(map["stsEndpoint"], allowPrivate),
            AccessKey = AccessKey(map, context),
            WebIdentityTokenFile = tokenFile.IsPresent ? context.Absolute(tokenFile) : null,
            Roles = roles,
        };
    }

    private static EcrHost Host(Uri url, Field region, Field isPublic)
    {
        var known = EcrHost.Of(url);
        if (known is { IsPublic: true } && !isPublic.Flag(true))
        {
            isPublic.Fail("cannot be false for the url of ECR Public");
        }

        if (isPublic.Flag(known?.IsPublic ?? false))
        {
            if (region.Text() is not (null or EcrHost.PublicRegion))
            {
                region.Fail($"must be {EcrHost.PublicRegion} for ECR Public");
            }

            return new EcrHost(EcrHost.PublicRegion, true, false, "amazonaws.com", false);
        }

        if (region.Text() is not { } text)
        {
            if (known is null)
            {
                region.Fail("is required, since the url does not name one");
            }

            return known ?? EcrHost.OfRegion(EcrHost.PublicRegion);
        }

        if (!Region().IsMatch(text))
        {
            region.Fail($"'{text}' must be a region such as eu-west-1");
        }
        else if (known is not null && known.Region != text)
        {
            region.Fail($"'{text}' is not the region of the url, {known.Region}");
        }

        return known ?? EcrHost.OfRegion(text);
    }

    private static AwsAccessKey? AccessKey(Section map, ReadingContext context)
    {
        var (id, secret, session) = (map["accessKeyId"], map["secretAccessKey"], map["sessionToken"]);
        if (id.IsPresent)
        {
            return new AwsAccessKey(id.RequiredText(), context.RequiredSecret(secret), context.Secret(session));
        }

        foreach (var field in new[] { secret, session }.Where(field => field.IsPresent))
        {
            field.Fail("also needs accessKeyId");
        }

        return null;
    }

    private static IReadOnlyList<AwsRole> Roles(Section map)
    {
        var (arn, externalId, sessionName, chain) = (map["roleArn"], map["externalId"], map["sessionName"], map["roles"]);
        if (arn.IsPresent && chain.IsPresent)
        {
            chain.Fail("cannot be combined with roleArn");
        }

        if (arn.IsPresent)
        {
            return [Role(arn, externalId, sessionName)];
        }

        foreach (var field in new[] { externalId, sessionName }.Where(field => field.IsPresent))
        {
            field.Fail("also needs roleArn");
        }

        return [.. chain.Items().Select(item => item.Map()).OfType<Section>().Select(role =>
        {
            var read = Role(role["roleArn"], role["externalId"], role["sessionName"]);
            role.RefuseOthers();
            return read;
        })];
    }

    private static AwsRole Role(Field arn, Field externalId, Field sessionName)
    {
        if (arn.RequiredText() is { Length: > 0 } text && !Arn().IsMatch(text))
        {
            arn.Fail($"'{text}' must be the ARN of a role, such as arn:aws:iam::123456789012:role/pull");
        }

        if (sessionName.Text() is { } session && !SessionName().IsMatch(session))
        {
            sessionName.Fail("must be 2 to 64 of the characters a-z A-Z 0-9 + = , . @ - _");
        }

        return new AwsRole(arn.Text() ?? "", externalId.Text(), sessionName.Text() ?? AwsRole.DefaultSessionName);
    }

    [GeneratedRegex(@"\A[a-z]{2,5}(-[a-z]+)+-[0-9]+\z", RegexOptions.NonBacktracking)]
    private static partial Regex Region();

    [GeneratedRegex(@"\Aarn:aws(-[a-z-]+)?:iam::[0-9]{12}:role/[!-~]+\z", RegexOptions.NonBacktracking)]
    private static partial Regex Arn();

    [GeneratedRegex(@"\A[A-Za-z0-9_+=,.@-]{2,64}\z", RegexOptions.NonBacktracking)]
    private static partial Regex SessionName();
}
