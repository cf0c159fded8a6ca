// pgjdbc: metadata calls, prepared statements, portals fetched in steps. Prints each action as a line of JSON before it
// sends the action's mark. Run by jdbc.py.

import java.math.BigDecimal;
import java.sql.*;
import java.util.ArrayList;
import java.util.List;

class Jdbc {
    static final List<String> actions = new ArrayList<>();
    static Connection connection;
    static String client;
    static int number;

    interface Work { void run() throws Exception; }

    static String json(Object value) {
        if (value == null || value instanceof Number) return String.valueOf(value);
        return '"' + value.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\t", "\\t") + '"';
    }

    static void act(String what, String statementClass, Integer executions, String[] noise, Object[] parameters, Work work) throws Exception {
        StringBuilder line = new StringBuilder("{\"client\": " + json(client) + ", \"number\": " + number + ", \"what\": " + json(what)
            + ", \"statement_class\": " + json(statementClass) + ", \"executions\": " + executions + ", \"noise\": [");
        for (int i = 0; i < noise.length; i++) line.append(i > 0 ? ", " : "").append(json(noise[i]));
        line.append("], \"parameters\": [");
        for (int i = 0; i < parameters.length; i++) line.append(i > 0 ? ", " : "").append(parameters[i] == null ? "null" : json(parameters[i].toString()));
        System.out.println(line + "], \"has_error\": " + statementClass.equals("failed") + "}");
        if (number > 0) try (Statement mark = connection.createStatement()) { mark.execute("select 'mark " + client + " " + number + "' from market.marks"); }
        number++;
        try { work.run(); } catch (SQLException error) { if (!statementClass.equals("failed")) throw error; }
    }

    static void bound(String sql, int times, Object... parameters) throws Exception {
        String ours = sql;
        for (int i = 1; ours.contains("?"); i++) ours = ours.replaceFirst("\\?", "\\$" + i);
        act(ours, "question", times, new String[0], parameters, () -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (int time = 0; time < times; time++) {
                    for (int i = 0; i < parameters.length; i++) {
                        if (parameters[i] instanceof Integer) statement.setInt(i + 1, (Integer) parameters[i]);
                        else if (parameters[i] instanceof BigDecimal) statement.setBigDecimal(i + 1, (BigDecimal) parameters[i]);
                        else if (parameters[i] == null) statement.setNull(i + 1, Types.VARCHAR);
                        else statement.setString(i + 1, (String) parameters[i]);
                    }
                    drain(statement.executeQuery());
                }
            }
        });
    }

    static void drain(ResultSet rows) throws SQLException { while (rows.next()) { } rows.close(); }

    static void metadata(String what, Work work) throws Exception { act(what, "catalog", null, new String[0], new Object[0], work); }

    static void plain(String sql, String statementClass) throws Exception {
        act(sql, statementClass, 1, new String[0], new Object[0], () -> { try (Statement s = connection.createStatement()) { s.execute(sql); } });
    }

    static void talk(String url, String name, String mode) throws Exception {
        client = name;
        number = 0;
        act("connect", "session", null, new String[] {"catalog"}, new Object[0],
            () -> connection = DriverManager.getConnection(url + "&ApplicationName=" + name + "&preferQueryMode=" + mode));
        bound("select order_id from market.orders where status = ? and total > ? order by 1", 1, "open", new BigDecimal("20.5"));
        bound("select order_id from market.orders where order_id = ?", 7, 7);
        bound("select full_name from market.customers where zip = ?", 1, "10115");
        bound("select city from market.customers where full_name = ?", 1, "Orla O'Quint");
        bound("select count(*) from market.orders where note = ? or note is not distinct from ?", 1, "two\nlines\tand a tab", null);
        plain("select count(*) from market.orders", "question");
        plain("select nme from market.customers", "failed");
        plain("select 1", "ping");
        act("an empty statement, which the server logs in the simple protocol alone", "ping", mode.equals("simple") ? 1 : 0, new String[0], new Object[0], () -> connection.isValid(5));
        act("getSchema", "catalog", 1, new String[0], new Object[0], () -> connection.getSchema());
        act("setSchema", "session", 1, new String[0], new Object[0], () -> connection.setSchema("market"));
        act("isolation", "session", 1, new String[0], new Object[0], () -> connection.getTransactionIsolation());
        act("begin", "transaction", null, new String[0], new Object[0], () -> connection.setAutoCommit(false));
        act("select order_id from market.orders where total > $1 order by 1", "question", 1, new String[] {"cursor", "transaction"}, new Object[] {100}, () -> {
            try (PreparedStatement s = connection.prepareStatement("select order_id from market.orders where total > ? order by 1")) {
                s.setFetchSize(10);
                s.setInt(1, 100);
                drain(s.executeQuery());
            }
        });
        act("savepoint", "transaction", 2, new String[0], new Object[0], () -> connection.rollback(connection.setSavepoint("here")));
        act("commit and begin again", "transaction", 2, new String[0], new Object[0], () -> { connection.commit(); });
        act("autocommit", "transaction", null, new String[0], new Object[0], () -> { connection.setAutoCommit(true); });
        plain("create temporary table many (a int, b text)", "ddl");
        act("a batch", "dml", null, new String[] {"transaction"}, new Object[0], () -> {
            try (PreparedStatement s = connection.prepareStatement("insert into many values (?, ?)")) {
                for (int i = 0; i < 3; i++) { s.setInt(1, i); s.setString(2, "it's"); s.addBatch(); }
                s.executeBatch();
            }
        });
    }

    static void end() throws SQLException { try (Statement mark = connection.createStatement()) { mark.execute("select 'mark end' from market.marks"); } }

    public static void main(String[] arguments) throws Exception {
        talk(arguments[0], "jdbc", "extended");
        DatabaseMetaData data = connection.getMetaData();
        metadata("getTables", () -> drain(data.getTables(null, "market", "%", new String[] {"TABLE", "VIEW"})));
        metadata("getTables of all kinds", () -> drain(data.getTables(null, null, "%", null)));
        metadata("getColumns", () -> drain(data.getColumns(null, "market", "orders", "%")));
        metadata("getPrimaryKeys", () -> drain(data.getPrimaryKeys(null, "market", "orders")));
        metadata("getImportedKeys", () -> drain(data.getImportedKeys(null, "market", "orders")));
        metadata("getExportedKeys", () -> drain(data.getExportedKeys(null, "market", "customers")));
        metadata("getCrossReference", () -> drain(data.getCrossReference(null, "market", "customers", null, "market", "orders")));
        metadata("getIndexInfo", () -> drain(data.getIndexInfo(null, "market", "orders", false, true)));
        metadata("getBestRowIdentifier", () -> drain(data.getBestRowIdentifier(null, "market", "orders", 0, true)));
        metadata("getSchemas", () -> drain(data.getSchemas()));
        
        metadata("getTypeInfo", () -> drain(data.getTypeInfo()));
        metadata("getFunctions", () -> drain(data.getFunctions(null, "market", "%")));
        metadata("getProcedures", () -> drain(data.getProcedures(null, "market", "%")));
        metadata("getFunctionColumns", () -> drain(data.getFunctionColumns(null, "market", "%", "%")));
        metadata("getTablePrivileges", () -> drain(data.getTablePrivileges(null, "market", "%")));
        metadata("getColumnPrivileges", () -> drain(data.getColumnPrivileges(null, "market", "orders", "%")));
        metadata("getUDTs", () -> drain(data.getUDTs(null, "market", "%", null)));
        metadata("getSQLKeywords", () -> data.getSQLKeywords());
        metadata("getMaxColumnNameLength", () -> data.getMaxColumnNameLength());
        act("ResultSetMetaData", "catalog", null, new String[] {"question"}, new Object[0], () -> {
            try (Statement s = connection.createStatement(); ResultSet rows = s.executeQuery("select order_id, note from market.orders")) {
                rows.getMetaData().isAutoIncrement(1);
                rows.getMetaData().isNullable(2);
            }
        });
        end();
        connection.close();
        talk(arguments[0], "jdbc-simple", "simple");
        end();
        connection.close();
    }
}
