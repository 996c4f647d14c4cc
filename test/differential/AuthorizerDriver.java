import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.metadata.AccessControlEntryRecord;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.metadata.authorizer.StandardAcl;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.server.authorizer.Action;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.apache.kafka.server.authorizer.AuthorizationResult;

/**
 * Asks Kafka's StandardAuthorizer what standard input says, a line each, fields parted by tabs, texts in Base64:
 *
 *   new  allowEveryone superUsers                         a new authorizer without entries
 *   acl  type pattern permission operation name principal host
 *   ask  type operation principalType principalName host name
 *   any  type operation principalType principalName host
 *
 * Each of the last two is answered by a line: ALLOWED, DENIED, or "threw" and the class of the exception.
 */
public class AuthorizerDriver {
    private StandardAuthorizer authorizer;
    private final Set<StandardAcl> known = new HashSet<>();

    public static void main(String[] arguments) throws Exception {
        var driver = new AuthorizerDriver();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer = driver.answer(line.split("\t", -1));
            if (answer != null) {
                out.write(answer);
                out.newLine();
            }
            // Whoever waits for answers has sent all that it will send.
            if (!in.ready()) out.flush();
        }
        out.flush();
    }

    private String answer(String[] fields) throws Exception {
        switch (fields[0]) {
            case "new":
                start(fields[1], text(fields[2]));
                return null;
            case "acl":
                add(fields);
                return null;
            case "ask":
                return verdict(() -> authorizer.authorize(asker(fields), List.of(action(fields))).get(0));
            case "any":
                return verdict(() -> authorizer.authorizeByResourceType(asker(fields), operation(fields), type(fields)));
            default:
                throw new IllegalArgumentException(fields[0]);
        }
    }

    private void start(String allowEveryone, String superUsers) throws Exception {
        authorizer = new StandardAuthorizer();
        known.clear();
        authorizer.configure(Map.of(
            StandardAuthorizer.SUPER_USERS_CONFIG, superUsers,
            StandardAuthorizer.ALLOW_EVERYONE_IF_NO_ACL_IS_FOUND_CONFIG, allowEveryone));
        // Since 4.1 it counts its decisions and fails without a place to do so (KIP-877).
        for (Method method : StandardAuthorizer.class.getMethods()) {
            if (!method.getName().equals("withPluginMetrics")) continue;
            Object metrics = Class.forName("org.apache.kafka.common.metrics.internals.PluginMetricsImpl")
                .getConstructor(Metrics.class, Map.class)
                .newInstance(new Metrics(), Map.of());
            method.invoke(authorizer, metrics);
        }
        authorizer.completeInitialLoad();
    }

    /** Two entries that say the same are one to Kafka, which refuses the second. */
    private void add(String[] fields) {
        var acl = StandardAcl.fromRecord(new AccessControlEntryRecord()
            .setResourceType(code(fields[1]))
            .setPatternType(code(fields[2]))
            .setPermissionType(code(fields[3]))
            .setOperation(code(fields[4]))
            .setResourceName(text(fields[5]))
            .setPrincipal(text(fields[6]))
            .setHost(text(fields[7])));
        if (known.add(acl)) authorizer.addAcl(Uuid.randomUuid(), acl);
    }

    private interface Question {
        AuthorizationResult ask() throws Exception;
    }

    private static String verdict(Question question) {
        try {
            return question.ask().toString();
        } catch (Exception e) {
            return "threw " + e.getClass().getSimpleName();
        }
    }

    private static Action action(String[] fields) {
        var resource = new ResourcePattern(type(fields), text(fields[6]), PatternType.LITERAL);
        return new Action(operation(fields), resource, 1, false, false);
    }

    private static ResourceType type(String[] fields) {
        return ResourceType.fromCode(code(fields[1]));
    }

    private static AclOperation operation(String[] fields) {
        return AclOperation.fromCode(code(fields[2]));
    }

    private static byte code(String field) {
        return Byte.parseByte(field);
    }

    private static String text(String field) {
        return new String(Base64.getDecoder().decode(field), StandardCharsets.UTF_8);
    }

    private static AuthorizableRequestContext asker(String[] fields) throws Exception {
        var principal = new KafkaPrincipal(text(fields[3]), text(fields[4]));
        // An address in numbers: nothing is looked up.
        var address = InetAddress.getByName(text(fields[5]));
        return new AuthorizableRequestContext() {
            @Override public String listenerName() { return "CONTROLLER"; }
            @Override public SecurityProtocol securityProtocol() { return SecurityProtocol.PLAINTEXT; }
            @Override public KafkaPrincipal principal() { return principal; }
            @Override public InetAddress clientAddress() { return address; }
            @Override public int requestType() { return 0; }
            @Override public int requestVersion() { return 0; }
            @Override public String clientId() { return "differential"; }
            @Override public int correlationId() { return 0; }
        };
    }
}
