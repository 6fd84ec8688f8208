// SPDX-License-Identifier: GPL-2.0
/*
 * PWM controller of the Tatu chip: four channels, whole nanoseconds.
 *
 * Period and duty count from the write of the control register on, which the
 * controller refuses as a whole when they do not fit together: an output is
 * never anything between two states.
 */
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mod_devicetable.h>
#include <linux/platform_device.h>
#include <linux/pwm.h>

#define PWM_CHANNELS 4
#define PWM_STRIDE 0x20
#define PWM_PERIOD 0x00
#define PWM_DUTY 0x04
#define PWM_CONTROL 0x08
#define PWM_ENABLE BIT(0)
#define PWM_INVERSED BIT(1)
#define PWM_STATUS 0x0c

struct tatu_pwm {
	void __iomem *registers;
};

static void __iomem *tatu_pwm_channel(struct pwm_chip *chip,
				      struct pwm_device *pwm)
{
	struct tatu_pwm *s = pwmchip_get_drvdata(chip);

	return s->registers + pwm->hwpwm * PWM_STRIDE;
}

static int tatu_pwm_apply(struct pwm_chip *chip, struct pwm_device *pwm,
			  const struct pwm_state *state)
{
	void __iomem *channel = tatu_pwm_channel(chip, pwm);
	u32 control = 0;

	if (state->enabled)
		control |= PWM_ENABLE;
	if (state->polarity == PWM_POLARITY_INVERSED)
		control |= PWM_INVERSED;
	/* Rounded down to what the registers hold, as the subsystem wants it. */
	writel(min_t(u64, state->period, U32_MAX), channel + PWM_PERIOD);
	writel(min_t(u64, state->duty_cycle, U32_MAX), channel + PWM_DUTY);
	writel(control, channel + PWM_CONTROL);
	return readl(channel + PWM_STATUS) ? -EINVAL : 0;
}

static int tatu_pwm_get_state(struct pwm_chip *chip, struct pwm_device *pwm,
			      struct pwm_state *state)
{
	void __iomem *channel = tatu_pwm_channel(chip, pwm);
	u32 control = readl(channel + PWM_CONTROL);

	state->period = readl(channel + PWM_PERIOD);
	state->duty_cycle = readl(channel + PWM_DUTY);
	state->enabled = control & PWM_ENABLE;
	state->polarity = control & PWM_INVERSED ? PWM_POLARITY_INVERSED :
						   PWM_POLARITY_NORMAL;
	return 0;
}

static const struct pwm_ops tatu_pwm_ops = {
	.apply = tatu_pwm_apply,
	.get_state = tatu_pwm_get_state,
};

static int tatu_pwm_probe(struct platform_device *dev)
{
	struct pwm_chip *chip;
	struct tatu_pwm *s;

	chip = devm_pwmchip_alloc(&dev->dev, PWM_CHANNELS, sizeof(*s));
	if (IS_ERR(chip))
		return PTR_ERR(chip);
	s = pwmchip_get_drvdata(chip);
	s->registers = devm_platform_ioremap_resource(dev, 0);
	if (IS_ERR(s->registers))
		return PTR_ERR(s->registers);
	chip->ops = &tatu_pwm_ops;
	chip->atomic = true;
	return devm_pwmchip_add(&dev->dev, chip);
}

static const struct of_device_id tatu_pwm_match[] = {
	{ .compatible = "tatu,pwm" },
	{}
};

static struct platform_driver tatu_pwm_driver = {
	.driver = {
		.name = "pwm-tatu",
		.of_match_table = tatu_pwm_match,
		.suppress_bind_attrs = true,
	},
	.probe = tatu_pwm_probe,
};
builtin_platform_driver(tatu_pwm_driver);
