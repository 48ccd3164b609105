// Spring Boot with Spring Security and Spring Session, all by their starters' defaults: form login, logout with CSRF.
package league;

import jakarta.servlet.http.HttpSession;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Counter {
    public static void main(String[] args) {
        SpringApplication.run(Counter.class, args);
    }

    @GetMapping("/")
    String home() {
        return "Hello";
    }

    @GetMapping("/hits")
    Map<String, Integer> hits(HttpSession session) {
        Integer before = (Integer) session.getAttribute("visits");
        int visits = before == null ? 1 : before + 1;
        session.setAttribute("visits", visits);
        return Map.of("visits", visits);
    }
}
